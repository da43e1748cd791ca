/* As much of Linux as the C library and OCaml's runtime take: a process to begin with, memory, and an output. Calls that
   are not here fail as if the kernel were too old for them, which both can live with. */
#include "machine.h"
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <sys/uio.h>

extern char __ehdr_start[], _end[]; /* from the linker: where the program begins and ends */

enum {
    PAGE = 4096,
    HEAP_END = 0x4000000, /* of brk; from there on mmap takes */
    MEMORY_END = 0xf000000,
};

static uintptr_t heap, mapped = HEAP_END;

static uintptr_t pages(uintptr_t n) { return (n + PAGE - 1) & -(uintptr_t)PAGE; }

/* The stack of the process, and what lies on it when it begins. A program in memory is found by its headers. */
uint64_t *linux_process(void) {
    _Alignas(16) static uint64_t stack[1 << 19]; /* 4 MiB */
    static char name[] = "hello";
    static uint8_t random[16] = "no secrets here";
    const Elf64_Ehdr *program = (const Elf64_Ehdr *)__ehdr_start;
    const uint64_t begin[] = {
        1, (uintptr_t)name, 0, /* arguments */
        0,                     /* environment */
        AT_PHDR, (uintptr_t)__ehdr_start + program->e_phoff,
        AT_PHENT, program->e_phentsize,
        AT_PHNUM, program->e_phnum,
        AT_PAGESZ, PAGE,
        AT_RANDOM, (uintptr_t)random,
        AT_UID, 0, AT_EUID, 0, AT_GID, 0, AT_EGID, 0, AT_SECURE, 0,
        AT_NULL, 0,
    };
    enum { length = sizeof begin / sizeof *begin, top = sizeof stack / sizeof *stack - 64 };
    _Static_assert(length <= 64 && top % 2 == 0, "it fits, and is aligned to 16 bytes");
    heap = pages((uintptr_t)_end);
    for (int i = 0; i < length; i++)
        stack[top + i] = begin[i];
    return stack + top;
}

/* Where the heap is to end, or does if it cannot. */
static long set_heap(uintptr_t end) {
    if (end >= pages((uintptr_t)_end) && end <= HEAP_END)
        heap = end;
    return heap;
}

/* New memory, which is never given back: a program like this one asks for little, and QEMU's memory begins as zeros. */
static long map(uintptr_t length) {
    uintptr_t at = mapped;
    if (length > MEMORY_END - at)
        return -ENOMEM;
    mapped += pages(length); /* MEMORY_END is the end of a page */
    return at;
}

static long print_all(const struct iovec *parts, int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
        machine_print(parts[i].iov_base, parts[i].iov_len);
        sum += parts[i].iov_len;
    }
    return sum;
}

/* Where variables of a thread are: the base of segment FS. */
static long set_thread(uintptr_t base) {
    __asm__ volatile("wrmsr" ::"c"(0xc0000100), "a"((uint32_t)base), "d"((uint32_t)(base >> 32)));
    return 0;
}

long linux_call(long number, uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d) {
    enum { SET_FS = 0x1002 };
    (void)d;
    switch (number) {
    case SYS_write:
        machine_print((const char *)b, c);
        return c;
    case SYS_writev:
        return print_all((const struct iovec *)b, c);
    case SYS_lseek:
        return -ESPIPE;
    case SYS_brk:
        return set_heap(a);
    case SYS_mmap:
        return map(b);
    case SYS_arch_prctl:
        return a == SET_FS ? set_thread(b) : -EINVAL;
    case SYS_getpid:
    case SYS_gettid:
    case SYS_set_tid_address:
        return 1;
    case SYS_mprotect:
    case SYS_munmap:
    case SYS_rt_sigaction:
    case SYS_rt_sigprocmask:
    case SYS_sigaltstack:
        return 0;
    case SYS_tgkill: /* by abort */
        machine_exit(134);
    case SYS_exit:
    case SYS_exit_group:
        machine_exit(a);
    }
    return -ENOSYS;
}

/* What OCaml's runtime gets for dlopen (see --wrap among the machine's flags): nothing can be loaded here. */
void *__wrap_dlopen(const char *name, int flags) {
    (void)name, (void)flags;
    return NULL;
}
