"""One folder per exercise, its slug with `_` for `-`. AUTHORING.md says what is in it."""
