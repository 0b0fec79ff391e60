#include "emulator.h"
void emu_allocated(size_t begin, size_t size) {}
void emu_freed(size_t begin, size_t size) {}
void emu_copied(uint64_t to, uint64_t from, size_t size) {}
const char *emu_finding(void) { return "nothing runs"; }
int emu_run(const Kernel *kernel, const uint32_t grid[3], const uint32_t block[3], unsigned shared, const uint8_t *parameters) { return 1; }
