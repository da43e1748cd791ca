/* From the machine's first instruction, in 32-bit mode, to the C library's, with system calls that end in linux.c. */

/* The note by which a virtual machine knows where to start (Xen's PVH; QEMU follows it). */
    .section .note.Xen, "a", @note
    .long 4, 4, 18 /* length of the name, of the value; XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long machine_start

    .set EFER, 0xc0000080  /* model specific registers */
    .set STAR, 0xc0000081
    .set LSTAR, 0xc0000082
    .set FMASK, 0xc0000084

    .text
    .code32
    .globl machine_start
machine_start:
    mov $stack, %esp

    /* Memory is where it is: 2048 pages of 2 MiB map the first 4 GiB to themselves. */
    mov $directories, %edi
    mov $0x83, %eax /* present, writable, large */
    mov $2048, %ecx
1:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 1b
    movl $directories + 0x0003, pointers
    movl $directories + 0x1003, pointers + 8
    movl $directories + 0x2003, pointers + 16
    movl $directories + 0x3003, pointers + 24
    movl $pointers + 3, tables

    /* Into long mode, with SSE and the instruction syscall. */
    mov $tables, %eax
    mov %eax, %cr3
    mov $0x620, %eax /* 64-bit addresses; SSE, and its exceptions */
    mov %eax, %cr4
    mov $EFER, %ecx
    mov $0x101, %eax /* long mode, syscall */
    xor %edx, %edx
    wrmsr
    mov $0x80000003, %eax /* paging, protection, and no emulation of floating point */
    mov %eax, %cr0
    lgdt descriptor
    ljmp $8, $long_mode

    .code64
long_mode:
    mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss

    /* A system call goes to entry, in the segments that are there already. */
    mov $STAR, %ecx
    xor %eax, %eax
    mov $8, %edx
    wrmsr
    mov $LSTAR, %ecx
    mov $entry, %eax
    xor %edx, %edx
    wrmsr
    mov $FMASK, %ecx
    xor %eax, %eax
    wrmsr

    /* The C library starts from a stack with arguments, environment and auxiliary values. */
    call linux_process
    mov %rax, %rsp
    xor %edx, %edx
    xor %ebp, %ebp
    jmp _start

/* A system call: its number is in rax, its arguments in rdi, rsi, rdx and r10, where to return to in rcx and the flags
   in r11. It changes rax, rcx and r11 only. There is one thread, so there is one stack for calls. */
entry:
    mov %rsp, caller
    mov $call_stack, %rsp
    push %rcx
    push %r11
    push %rdi
    push %rsi
    push %rdx
    push %r8
    push %r9
    push %r10
    mov %r10, %r8
    mov %rdx, %rcx
    mov %rsi, %rdx
    mov %rdi, %rsi
    mov %rax, %rdi
    call linux_call
    pop %r10
    pop %r9
    pop %r8
    pop %rdx
    pop %rsi
    pop %rdi
    popfq
    pop %rcx
    mov caller, %rsp
    jmp *%rcx /* and not sysret, which would leave the kernel's mode */

    .section .rodata
    .align 8
segments:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff /* none; 64-bit code; data */
descriptor:
    .word descriptor - segments - 1
    .long segments

    .bss
    .align 4096
tables:      .skip 4096
pointers:    .skip 4096
directories: .skip 4 * 4096
             .skip 65536
call_stack:
             .skip 65536
stack:
caller:      .skip 8

    .section .note.GNU-stack, "", @progbits
