/* What the stand-in for the driver, the checks and the translated kernels share. */
#include <stddef.h>
#include <stdint.h>

#define ARENA ((size_t)1 << 36)         /* addresses of the device; memory behind them only where it is used */
#define DEVICE_BYTES ((size_t)1 << 34)  /* that it has, as it says */

typedef struct Thread Thread;
typedef struct {
    const char *name;
    void (*body)(Thread *);
    int parameters;
    const int *offsets, *sizes;
    int shared, fibers;  /* bytes of shared memory; whether threads wait for each other */
} Kernel;

extern uint8_t *arena;
void emu_allocated(size_t begin, size_t size);
void emu_freed(size_t begin, size_t size);
void emu_copied(uint64_t to, uint64_t from, size_t size);
const char *emu_finding(void);
int emu_run(const Kernel *kernel, const uint32_t grid[3], const uint32_t block[3], unsigned shared, const uint8_t *parameters);
