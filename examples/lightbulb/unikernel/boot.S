/* From the machine's first instruction, in 32-bit mode, to kernel() in 64-bit mode. */

/* The note by which a virtual machine knows where to start (Xen's PVH; QEMU follows it). */
    .section .note.Xen, "a", @note
    .long 4, 4, 18 /* length of the name, of the value; XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start

    .text
    .code32
    .globl start
start:
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

    /* Into long mode: tables, 64-bit addresses, then paging. */
    mov $tables, %eax
    mov %eax, %cr3
    mov $0x20, %eax
    mov %eax, %cr4
    mov $0xc0000080, %ecx
    mov $0x100, %eax
    xor %edx, %edx
    wrmsr
    mov $0x80000001, %eax
    mov %eax, %cr0
    lgdt descriptor
    ljmp $8, $long_mode

    .code64
long_mode:
    call kernel
1:  hlt
    jmp 1b

    .section .rodata
    .align 8
segments:
    .quad 0, 0x00af9b000000ffff /* none; 64-bit code */
descriptor:
    .word descriptor - segments - 1
    .long segments

    .bss
    .align 4096
tables:      .skip 4096
pointers:    .skip 4096
directories: .skip 4 * 4096
    .skip 16384
stack:

    .section .note.GNU-stack, "", @progbits
