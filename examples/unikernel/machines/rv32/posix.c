/* What picolibc and OCaml's runtime expect of an operating system: an output and a clock, and no for an answer to all the
   rest. There are no files and no users, and this is the only process. */
#include "machine.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <unistd.h>

static int put(char c, FILE *file) {
    (void)file;
    machine_print(c);
    return (unsigned char)c;
}

static FILE serial = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdin = &serial;
FILE *const stdout = &serial;
FILE *const stderr = &serial;

ssize_t write(int fd, const void *bytes, size_t n) {
    (void)fd;
    for (size_t i = 0; i < n; i++)
        machine_print(((const char *)bytes)[i]);
    return n;
}

int gettimeofday(struct timeval *now, void *zone) {
    (void)zone;
    uint64_t t = machine_clock();
    now->tv_sec = t / MACHINE_HZ;
    now->tv_usec = t % MACHINE_HZ / (MACHINE_HZ / 1000000);
    return 0;
}

clock_t times(struct tms *spent) {
    *spent = (struct tms){.tms_utime = machine_clock() / (MACHINE_HZ / (int)CLOCKS_PER_SEC)};
    return spent->tms_utime;
}

void _exit(int status) { machine_exit(status); }

#define FAILS(declaration, reason) \
    declaration { return errno = (reason), -1; }

FAILS(int open(const char *path, int flags, ...), ENOENT)
FAILS(int stat(const char *restrict path, struct stat *restrict s), ENOENT)
FAILS(int unlink(const char *path), ENOENT)
FAILS(int rename(const char *from, const char *to), ENOENT)
FAILS(int chdir(const char *path), ENOENT)
FAILS(int mkdir(const char *path, mode_t mode), EROFS)
FAILS(int rmdir(const char *path), ENOENT)
FAILS(ssize_t read(int fd, void *bytes, size_t n), EBADF)
FAILS(off_t lseek(int fd, off_t offset, int whence), ESPIPE)
FAILS(int close(int fd), EBADF)
FAILS(int kill(pid_t process, int signal), ESRCH)

char *getcwd(char *path, size_t length) { return errno = ENOENT, (void)path, (void)length, NULL; }
int system(const char *command) { return (void)command, -1; }
int isatty(int fd) { return (void)fd, 0; }
pid_t getpid(void) { return 1; }
pid_t getppid(void) { return 0; }
uid_t getuid(void) { return 0; }
uid_t geteuid(void) { return 0; }
gid_t getgid(void) { return 0; }
gid_t getegid(void) { return 0; }
