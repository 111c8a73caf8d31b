/* Preloaded into a program: the n-th call that writes below a folder fails, or the folder has room for so many bytes.

   FAULTS_UNDER  folder whose files are meant
   FAULTS_PART   part of the paths that are meant; any
   FAULTS_LOG    file that gets a line per call: "op bytes path", with a "!" before the op where it failed
   FAULTS_AT     number of the call that fails, from 1; 0: none
   FAULTS_HOW    ENOSPC, EIO, EDQUOT or EACCES; kill: SIGKILL instead; short: half of a write, then ENOSPC for ever
   FAULTS_BYTES  room; what does not fit is cut off, and then ENOSPC, as on a full disk */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static long calls, used, at, room = -1;
static int code, full, to_kill, to_cut;
static const char *under, *named, *logged;

__attribute__((constructor)) static void start(void)
{
    const char *how = getenv("FAULTS_HOW"), *n = getenv("FAULTS_AT"), *bytes = getenv("FAULTS_BYTES");
    under = getenv("FAULTS_UNDER");
    named = getenv("FAULTS_PART");
    logged = getenv("FAULTS_LOG");
    at = n ? atol(n) : 0;
    room = bytes ? atol(bytes) : -1;
    how = how ? how : "ENOSPC";
    to_kill = !strcmp(how, "kill");
    to_cut = !strcmp(how, "short");
    code = !strcmp(how, "EIO") ? EIO : !strcmp(how, "EDQUOT") ? EDQUOT : !strcmp(how, "EACCES") ? EACCES : ENOSPC;
}

static int ours(const char *path)
{
    return under && path && !strncmp(path, under, strlen(under)) && (!named || strstr(path, named));
}

static int ours_open(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, 4095);
    path[n > 0 ? n : 0] = 0;
    return ours(path);
}

static void note(const char *op, long bytes, const char *path, int failed)
{
    char line[4300];
    if (!logged) return;
    int n = snprintf(line, sizeof line, "%s%s %ld %s\n", failed ? "!" : "", op, bytes, path);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, logged, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (fd < 0) return;
    syscall(SYS_write, fd, line, (size_t)n);
    syscall(SYS_close, fd);
}

/* How many of the bytes may be written; -1 with errno where the call fails. */
static long allowed(const char *op, long bytes, const char *path)
{
    int before = errno;
    long n = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
    long fits = bytes;
    int fail = full && (bytes > 0 || !strcmp(op, "open"));
    if (n == at) {
        if (to_kill) {
            note(op, bytes, path, 1);
            raise(SIGKILL);
        }
        if (to_cut && bytes > 1) {
            full = 1;
            note(op, bytes, path, 1);
            errno = before;
            return bytes / 2;
        }
        fail = 1;
        full = to_cut;
    }
    if (!fail && room >= 0 && bytes > 0) {
        long end = __atomic_add_fetch(&used, bytes, __ATOMIC_SEQ_CST);
        if (end > room) {
            fits = bytes - (end - room);
            fail = fits <= 0;
        }
    }
    note(op, bytes, path, fail || fits < bytes);
    errno = fail ? code : before;
    return fail ? -1 : fits;
}

#define REAL(name) static __typeof__(&name) real; if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define WRITES(flags) (((flags) & (O_WRONLY | O_RDWR | O_CREAT)) && !((flags) & O_DIRECTORY))
#define MODE va_list rest; va_start(rest, flags); mode_t mode = (flags & O_CREAT) ? va_arg(rest, mode_t) : 0; va_end(rest)

#define OPEN(name)                                                                                                     \
    int name(const char *path, int flags, ...)                                                                         \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        MODE;                                                                                                          \
        if (WRITES(flags) && ours(path) && allowed("open", 0, path) < 0) return -1;                                    \
        return real(path, flags, mode);                                                                                \
    }
#define OPENAT(name)                                                                                                   \
    int name(int folder, const char *path, int flags, ...)                                                             \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        MODE;                                                                                                          \
        if (WRITES(flags) && ours(path) && allowed("open", 0, path) < 0) return -1;                                    \
        return real(folder, path, flags, mode);                                                                        \
    }
#define FOPEN(name)                                                                                                    \
    FILE *name(const char *path, const char *mode)                                                                     \
    {                                                                                                                  \
        REAL(name);                                                                                                    \
        if (strpbrk(mode, "wa+") && ours(path) && allowed("open", 0, path) < 0) return NULL;                           \
        return real(path, mode);                                                                                       \
    }
#define PWRITE(name, offset_t)                                                                                         \
    ssize_t name(int fd, const void *data, size_t n, offset_t offset)                                                  \
    {                                                                                                                  \
        char path[4096];                                                                                               \
        REAL(name);                                                                                                    \
        long fits = ours_open(fd, path) ? allowed("write", (long)n, path) : (long)n;                                   \
        return fits < 0 ? -1 : real(fd, data, (size_t)fits, offset);                                                   \
    }
#define SYNC(name)                                                                                                     \
    int name(int fd)                                                                                                   \
    {                                                                                                                  \
        char path[4096];                                                                                               \
        REAL(name);                                                                                                    \
        return ours_open(fd, path) && allowed("sync", 0, path) < 0 ? -1 : real(fd);                                    \
    }

OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
FOPEN(fopen)
FOPEN(fopen64)
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
SYNC(fsync)
SYNC(fdatasync)

ssize_t write(int fd, const void *data, size_t n)
{
    char path[4096];
    REAL(write);
    long fits = ours_open(fd, path) ? allowed("write", (long)n, path) : (long)n;
    return fits < 0 ? -1 : real(fd, data, (size_t)fits);
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    char path[4096];
    REAL(writev);
    return ours_open(fd, path) && allowed("write", 0, path) < 0 ? -1 : real(fd, parts, n);
}

int rename(const char *from, const char *to)
{
    REAL(rename);
    return ours(to) && allowed("rename", 0, to) < 0 ? -1 : real(from, to);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    return ours(path) && allowed("mkdir", 0, path) < 0 ? -1 : real(path, mode);
}
