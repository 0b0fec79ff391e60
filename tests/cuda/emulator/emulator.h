/* What the stand-in for the driver, the checks and the translated kernels share. */
#include <stddef.h>
#include <stdint.h>

#define ARENA ((size_t)1 << 36)         /* addresses of the device; memory behind them only where it is used */
#define DEVICE_BYTES ((size_t)1 << 34)  /* that it has, as it says */
#define SHARED_WINDOW ((uint64_t)1 << 60)  /* where generic addresses of shared memory begin */
#define SHARED_BYTES 232448

typedef struct Thread {
    uint32_t tid[3], ntid[3], ctaid[3], nctaid[3];
    uint32_t flat, lane, block;  /* number in the block, in the warp; of the block */
    uint32_t epoch, syncs;       /* barriers of the block so far, of all blocks; barriers of the warp */
    uint8_t *shared;
    const uint8_t *parameters;
    int waits, line;             /* what for, and where in the PTX */
    uint32_t members;            /* of a warp, for whom it waits */
    uint64_t given, chosen;      /* to others: a value, in a warp from whom one is wanted; what came */
    void *stack, *saved;
} Thread;

typedef struct {
    const char *name;
    void (*body)(Thread *);
    int parameters;
    const int *offsets, *sizes;
    int shared, fibers;          /* bytes of shared memory; whether threads wait for each other */
    int grain, shared_grain;     /* log2 of the bytes of the smallest access to each memory */
    const uint8_t *statics;      /* the module's own variables */
    size_t statics_size;
    const char *source;          /* file with the PTX */
} Kernel;

extern uint8_t *arena;
void emu_allocated(size_t begin, size_t size);
void emu_freed(size_t begin, size_t size);
void emu_copied(uint64_t to, uint64_t from, size_t size);
const char *emu_finding(void);
int emu_run(const Kernel *kernel, const uint32_t grid[3], const uint32_t block[3], unsigned shared, const uint8_t *parameters);

/* Called by translated kernels. */
enum { READ = 0, WRITE = 1, ATOMIC = 2 };
enum { RUNS = 0, EXITED, BLOCK_BARRIER, WARP_BARRIER, SHUFFLE, BALLOT, ANY, ALL };
void *emu_global(Thread *t, uint64_t address, int size, int how, int line);
void *emu_shared(Thread *t, uint64_t address, int size, int how, int line);
void *emu_generic(Thread *t, uint64_t address, int size, int how, int line);
void *emu_local(Thread *t, uint64_t address, int size, int how, int line);
uint32_t emu_all(const Thread *t);  /* threads of its block */
uint32_t emu_barrier(Thread *t, int line, uint32_t number, uint32_t count, uint32_t holds);
uint64_t emu_exchange(Thread *t, int kind, uint32_t members, uint64_t given, uint32_t from, int line);
void emu_trap(Thread *t, int line, const char *why);
