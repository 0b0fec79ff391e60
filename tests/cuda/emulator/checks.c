/* Every access of a kernel to memory is looked at: does the address belong to it, is it aligned, has what is read been
   written, does another thread touch the same bytes without a barrier between.

   Of each cell of memory (as many bytes as the kernel's smallest access) the last write and the last reads are kept, with
   the epoch in which they were made. Epochs are counted over all barriers of all blocks, which run one after another, so
   that an epoch tells its block and its launch as well; `syncs` counts the barriers of a warp in the same way. Two
   accesses to one cell, by two threads, one of them a write and not both atomic, are a race if no barrier that both
   threads wait at comes between: in one epoch, that is, or in different blocks of one launch. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "checks.h"

enum { LIVE = 1, WRITTEN = 2 };
enum { ONE_WARP = 0x400, MANY = 0x3fff, OTHERS_TOO = 0x4000, BY_ATOMIC = 0x4000, THREAD = 0x3ff };
typedef struct { uint32_t write_epoch; uint16_t writer, write_syncs; uint32_t read_epoch; uint16_t reader, read_syncs; } Cell;

static uint8_t *marks;  /* of each byte of the arena */
static Cell *cells, shared_cells[SHARED_BYTES];
static char finding[2000];
static int launches_since;
static const Kernel *kernel;
uint32_t emu_epoch, emu_launch_epoch, emu_block_epoch;
int emu_findings;
void *emu_way_out[5];

__attribute__((constructor)) static void begin(void) {
    marks = mmap(NULL, ARENA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    cells = mmap(NULL, ARENA * sizeof(Cell), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (marks == MAP_FAILED || cells == MAP_FAILED) {
        fprintf(stderr, "emulator: no address space\n");
        exit(1);
    }
}

void emu_allocated(size_t begin, size_t size) {
    memset(marks + begin, LIVE, size);
    memset(arena + begin, 0xff, size);
}
void emu_freed(size_t begin, size_t size) { memset(marks + begin, 0, size); }
/* A piece of an allocation is handed out, all else in it belongs to nobody until it is. */
void emu_lent(uint64_t address, size_t size, size_t whole) {
    emu_freed(address - (uint64_t)arena, whole);
    emu_allocated(address - (uint64_t)arena, size);
}
static int inside(uint64_t address, size_t size) { return address - (uint64_t)arena < ARENA && size <= ARENA; }
void emu_copied(uint64_t to, uint64_t from, size_t size) {
    uint8_t *m = marks + (to - (uint64_t)arena);
    if (!inside(to, size) || !arena) return;
    if (inside(from, size)) memcpy(m, marks + (from - (uint64_t)arena), size);
    else memset(m, LIVE | WRITTEN, size);
}
const char *emu_finding(void) { return finding; }

void emu_launch(const Kernel *k) {
    kernel = k;
    emu_launch_epoch = ++emu_epoch;
    if (++launches_since >= 256) {  /* what was kept of earlier launches says nothing about this one */
        launches_since = 0;
        madvise(cells, ARENA * sizeof(Cell), MADV_DONTNEED);
    }
}

static void source_line(int line, char *out, size_t size) {
    char text[4096];
    FILE *f = fopen(kernel->source, "r");
    *out = 0;
    for (int i = 1; f && fgets(text, sizeof text, f); i++)
        if (i == line) {
            text[strcspn(text, "\n")] = 0;
            snprintf(out, size, "%.300s", text + strspn(text, " \t"));
        }
    if (f) fclose(f);
}

void emu_fault(Thread *t, int line, const char *form, ...) {
    char what[600], text[400];
    va_list rest;
    va_start(rest, form);
    vsnprintf(what, sizeof what, form, rest);
    va_end(rest);
    source_line(line, text, sizeof text);
    snprintf(finding, sizeof finding, "%s [block (%u, %u, %u), thread (%u, %u, %u); line %d of %s: %s; kernel %.120s]", what,
             t->ctaid[0], t->ctaid[1], t->ctaid[2], t->tid[0], t->tid[1], t->tid[2], line, kernel->source, text, kernel->name);
    fprintf(stderr, "emulator: %s\n", finding);
    emu_findings++;
    __builtin_longjmp(emu_way_out, 1);
}
void emu_trap(Thread *t, int line, const char *why) { emu_fault(t, line, "%s", why); }

static const char *doing[] = {"reads", "writes", "updates"}, *did[] = {"read", "wrote", "updated"};

/* `own`: in the accesses so far, which epochs can be of the same launch (or, in shared memory, block). */
static void look(Cell *c, Thread *t, uint64_t address, int how, int line, uint32_t own, const char *memory) {
    uint32_t flat = t->flat, warp = flat / 32;
    uint16_t syncs = t->syncs;
    if (c->write_epoch >= own) {
        uint32_t by = c->writer & THREAD;
        int before = c->write_epoch >= emu_block_epoch
            ? by == flat || c->write_epoch < t->epoch || (by / 32 == warp && c->write_syncs != syncs) : 0;
        if (!before && !(how == ATOMIC && c->writer & BY_ATOMIC))
            emu_fault(t, line, "a race: %s %s memory at %#llx, which thread %u of %s block %s; no barrier between", doing[how],
                      memory, (unsigned long long)address, by, c->write_epoch >= emu_block_epoch ? "this" : "an earlier",
                      c->writer & BY_ATOMIC ? did[ATOMIC] : did[WRITE]);
    }
    int read_here = c->read_epoch >= emu_block_epoch, read_at_all = c->read_epoch >= own;
    uint32_t reader = c->reader & ~OTHERS_TOO;
    int others = read_at_all && (!read_here || c->reader & OTHERS_TOO);
    if (how != READ) {
        if (others || (read_here && c->read_epoch == t->epoch && reader != flat
                       && !((reader == MANY ? -1 : reader & ONE_WARP ? (int)(reader & 31) : (int)reader / 32) == (int)warp
                            && c->read_syncs != syncs)))
            emu_fault(t, line, "a race: %s %s memory at %#llx, which %s has read; no barrier between", doing[how], memory,
                      (unsigned long long)address, others ? "another block" : "another thread of this block");
        c->write_epoch = t->epoch;
        c->writer = flat | (how == ATOMIC ? BY_ATOMIC : 0);
        c->write_syncs = syncs;
        return;
    }
    if (read_here && c->read_epoch == t->epoch && reader != flat) {
        int of = reader == MANY ? -1 : reader & ONE_WARP ? (int)(reader & 31) : (int)reader / 32;
        if (of != (int)warp) reader = MANY;
        else reader = c->read_syncs != syncs ? flat : ONE_WARP | warp;
    } else reader = flat;
    c->reader = reader | (others ? OTHERS_TOO : 0);
    c->read_epoch = t->epoch;
    c->read_syncs = syncs;
}

void *emu_global(Thread *t, uint64_t address, int size, int how, int line) {
    uint64_t at = address - (uint64_t)arena;
    if (address % size) emu_fault(t, line, "%s %d bytes at %#llx, which is not a multiple of that", doing[how], size, (unsigned long long)address);
    if (at >= ARENA) {
        if (how == READ && address >= (uint64_t)kernel->statics && address + size <= (uint64_t)kernel->statics + kernel->statics_size)
            return (void *)address;
        emu_fault(t, line, "%s global memory at %#llx, where there is none", doing[how], (unsigned long long)address);
    }
    uint8_t *m = marks + at, all = LIVE | WRITTEN;
    for (int i = 0; i < size; i++) all &= m[i];
    if (!(all & LIVE)) emu_fault(t, line, "%s %d bytes of global memory at %#llx, outside every array", doing[how], size, (unsigned long long)address);
    if (how != WRITE && !(all & WRITTEN))
        emu_fault(t, line, "%s global memory at %#llx, which nobody has written", doing[how], (unsigned long long)address);
    if (how == WRITE) memset(m, LIVE | WRITTEN, size);
    for (uint64_t c = at >> kernel->grain; c <= (at + size - 1) >> kernel->grain; c++)
        look(&cells[c], t, address, how, line, emu_launch_epoch, "global");
    return (void *)address;
}

void *emu_shared(Thread *t, uint64_t address, int size, int how, int line) {
    if (address % size) emu_fault(t, line, "%s %d bytes of shared memory at %llu, which is not a multiple of that", doing[how], size, (unsigned long long)address);
    if (address + size > (uint64_t)emu_shared_bytes || address > (uint64_t)emu_shared_bytes)
        emu_fault(t, line, "%s shared memory at %lld, of %d bytes that there are", doing[how], (long long)address, emu_shared_bytes);
    for (uint64_t c = address >> kernel->shared_grain; c <= (address + size - 1) >> kernel->shared_grain; c++) {
        if (how != WRITE && shared_cells[c].write_epoch < emu_block_epoch)
            emu_fault(t, line, "%s shared memory at %llu, which no thread of this block has written", doing[how], (unsigned long long)address);
        look(&shared_cells[c], t, address, how, line, emu_block_epoch, "shared");
    }
    return t->shared + address;
}

void *emu_local(Thread *t, uint64_t address, int size, int how, int line) {
    if (address % size) emu_fault(t, line, "%s %d bytes of local memory that are not aligned", doing[how], size);
    return (void *)address;
}

void *emu_generic(Thread *t, uint64_t address, int size, int how, int line) {
    if (address - SHARED_WINDOW < SHARED_BYTES) return emu_shared(t, address - SHARED_WINDOW, size, how, line);
    uint64_t here = (uint64_t)__builtin_frame_address(0);
    if (address - here < 1 << 20) return emu_local(t, address, size, how, line);  /* further up this thread's stack */
    return emu_global(t, address, size, how, line);
}
