/* A launch: blocks one after another, the threads of a block in turns.

   Threads that wait for each other have a stack each, and run until they wait or end. Which thread comes first must not
   matter, so the order can be turned round or shuffled: EMULATED_ORDER=backward, or a number. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "checks.h"

#define STACK ((size_t)1 << 18)
static Thread threads[1024], *running;
static void *scheduler;
static uint8_t shared[SHARED_BYTES] __attribute__((aligned(128)));
static const Kernel *kernel;
int emu_shared_bytes;

void emu_switch(void **save, void *to);
__asm__(".text\n.globl emu_switch\n.type emu_switch, @function\nemu_switch:\n"
        "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
        "mov %rsp, (%rdi)\nmov %rsi, %rsp\n"
        "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\nret\n");

static void fiber(void) {
    kernel->body(running);
    running->waits = EXITED;
    emu_switch(&running->saved, scheduler);
}
static void wait(Thread *t, int what, int line) {
    t->waits = what;
    t->line = line;
    emu_switch(&t->saved, scheduler);
}
static void prepare(Thread *t) {
    if (!t->stack) t->stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void **top = (void **)((uint8_t *)t->stack + STACK - 64);
    *top = (void *)fiber;
    memset(top - 6, 0, 6 * sizeof *top);
    t->saved = top - 6;
}

uint32_t emu_all(const Thread *t) { return t->ntid[0] * t->ntid[1] * t->ntid[2]; }
/* Gives for how many threads of the block `holds` was 1. */
uint32_t emu_barrier(Thread *t, int line, uint32_t number, uint32_t count, uint32_t holds) {
    if (number || (count && count != emu_all(t))) emu_fault(t, line, "the emulator knows no barriers but those of the whole block");
    t->given = holds;
    wait(t, BLOCK_BARRIER, line);
    return t->chosen;
}
uint64_t emu_exchange(Thread *t, int kind, uint32_t members, uint64_t given, uint32_t from, int line) {
    if (!(members >> t->lane & 1)) emu_fault(t, line, "a thread that is not in its own mask %#x", members);
    t->members = members;
    t->given = given;
    t->chosen = from;
    wait(t, kind, line);
    return t->chosen;
}

/* Whether all threads that `t` waits for within its warp have come; if so they go on. */
static int met(Thread *t, uint32_t count) {
    Thread *warp = t - t->lane;
    uint64_t given[32], any = 0, every = 1, ballot = 0;
    for (uint32_t i = 0; i < 32; i++) {
        if (!(t->members >> i & 1)) continue;
        if (warp + i - threads >= count) {
            if (t->members != 0xffffffff) emu_fault(t, t->line, "waits for lane %u, which is not in the block", i);
            continue;
        }
        Thread *o = warp + i;
        if (o->waits != t->waits || o->line != t->line || o->members != t->members) return 0;
        given[i] = o->given;
        any |= o->given;
        every &= o->given;
        ballot |= o->given << i;
    }
    int kind = t->waits;
    for (uint32_t i = 0; i < 32 && warp + i - threads < count; i++) {
        if (!(t->members >> i & 1)) continue;
        Thread *o = warp + i;
        if (kind == SHUFFLE) {
            uint32_t from = o->chosen;
            if (!(o->members >> from & 1) || warp + from - threads >= count)
                emu_fault(o, o->line, "takes from lane %u, which takes no part", from);
            o->chosen = given[from];
        } else o->chosen = kind == BALLOT ? ballot : kind == ANY ? any : every;
        if (kind == WARP_BARRIER) o->syncs++;
        o->waits = RUNS;
    }
    return 1;
}

static void in_turns(const uint32_t *order, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) prepare(&threads[i]);
    for (;;) {
        int moved = 0, ended = 0;
        for (uint32_t i = 0; i < count; i++) {
            running = &threads[order[i]];
            if (running->waits != RUNS) continue;
            emu_switch(&scheduler, running->saved);
            moved = 1;
        }
        for (uint32_t i = 0; i < count; i++)
            if (threads[i].waits > BLOCK_BARRIER) moved |= met(&threads[i], count);
            else ended += threads[i].waits == EXITED;
        if (moved) continue;
        if (ended == (int)count) return;
        emu_epoch++;
        for (uint32_t i = 0; i < count; i++) {
            Thread *t = &threads[i], *first = &threads[0];
            if (t->waits > BLOCK_BARRIER) emu_fault(t, t->line, "waits for threads of its warp (mask %#x) that are elsewhere", t->members);
            if (t->waits == EXITED || t->waits != first->waits || t->line != first->line) {
                Thread *one = t->waits == EXITED ? first->waits == EXITED ? t : first : t, *other = one == t ? first : t;
                for (uint32_t j = 0; one->waits == EXITED && j < count; j++) if (threads[j].waits != EXITED) one = &threads[j];
                emu_fault(one, one->line, "waits at a barrier; thread %u of its block %s", other->flat,
                          other->waits == EXITED ? "has ended" : "waits at another");
            }
        }
        uint64_t hold = 0;
        for (uint32_t i = 0; i < count; i++) hold += threads[i].given;
        for (uint32_t i = 0; i < count; i++) {
            threads[i].chosen = hold;
            threads[i].epoch = emu_epoch;
            threads[i].waits = RUNS;
        }
    }
}

static void ordered(uint32_t *order, uint32_t n, const char *how) {
    for (uint32_t i = 0; i < n; i++) order[i] = how && *how == 'b' ? n - 1 - i : i;
    uint64_t state = how && *how != 'b' && *how != 'f' ? strtoull(how, NULL, 10) * 2 + 1 : 0;
    for (uint32_t i = n; state && i > 1; i--) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        uint32_t j = (state >> 33) % i, other = order[j];
        order[j] = order[i - 1];
        order[i - 1] = other;
    }
}

static void run(const uint32_t grid[3], const uint32_t block[3], const uint8_t *parameters, const uint32_t *blocks, const uint32_t *order) {
    uint32_t count = block[0] * block[1] * block[2], all = grid[0] * grid[1] * grid[2];
    for (uint32_t b = 0; b < all; b++) {
        uint32_t number = blocks[b];
        emu_block_epoch = ++emu_epoch;
        memset(shared, 0xff, emu_shared_bytes);
        for (uint32_t i = 0; i < count; i++) {
            Thread *t = &threads[i];
            *t = (Thread){
                .tid = {i % block[0], i / block[0] % block[1], i / block[0] / block[1]}, .ntid = {block[0], block[1], block[2]},
                .ctaid = {number % grid[0], number / grid[0] % grid[1], number / grid[0] / grid[1]}, .nctaid = {grid[0], grid[1], grid[2]},
                .flat = i, .lane = i % 32, .block = number, .epoch = emu_epoch, .shared = shared, .parameters = parameters, .stack = t->stack,
            };
        }
        if (kernel->fibers) in_turns(order, count);
        else for (uint32_t i = 0; i < count; i++) kernel->body(&threads[order[i]]);
    }
}

int emu_run(const Kernel *k, const uint32_t grid[3], const uint32_t block[3], unsigned dynamic, const uint8_t *parameters) {
    const char *how = getenv("EMULATED_ORDER");
    uint64_t all = (uint64_t)grid[0] * grid[1] * grid[2];
    static uint32_t *blocks, order[1024];  /* (static: a fault jumps back to here) */
    blocks = malloc(all * sizeof *blocks);
    ordered(blocks, all, how);
    ordered(order, block[0] * block[1] * block[2], how);
    kernel = k;
    emu_shared_bytes = k->shared + dynamic;
    emu_launch(k);
    int failed = __builtin_setjmp(emu_way_out);
    if (!failed) run(grid, block, parameters, blocks, order);
    free(blocks);
    return failed;
}
