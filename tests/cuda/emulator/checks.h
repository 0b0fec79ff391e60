/* What running kernels and checking their accesses share. */
#include "emulator.h"

extern uint32_t emu_epoch, emu_launch_epoch, emu_block_epoch;  /* now; when this launch, this block began */
extern int emu_shared_bytes;
extern void *emu_way_out[5];  /* to where a fault jumps */
void emu_launch(const Kernel *kernel);
void emu_fault(Thread *t, int line, const char *form, ...) __attribute__((noreturn, format(printf, 3, 4)));
