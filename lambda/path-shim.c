/*
 * The preload library of a worker: it shows a dynamic program the user's file system below a root folder, and keeps
 * a record of every path that the program looked at. With no root set it only keeps the record. It knows nothing of
 * compilers, and nothing that a program does by bare system calls, or that glibc does by itself, passes through it
 * (locale, time zone, NSS and iconv files, nftw, fts, wordexp): what a toolchain needs of those is set up by the worker, and
 * programs that need others are not given to one. A program without a loader would see the machine itself: it is not started.
 *
 * Settings, all in the environment and all restored in whatever environment a program gives to exec:
 *   LLAMA_ROOT    root folder, physical path; absent: record only
 *   LLAMA_PASS    further folders that are left as they are, separated by colons
 *   LLAMA_LOADER  the dynamic loader, LLAMA_LIBS its --library-path, LLAMA_SHIM this library: physical paths
 *   LLAMA_TRACE   file of the record, mapped shared by every process of one command
 *   LLAMA_PARENT  process that must be the parent; it dies, we die; 0: a thread has started us that may end before it
 *   LLAMA_EXE     what /proc/self/exe answers
 *
 * Record: bytes 0-7 the offset at which the next entry goes (starts at 16; beyond the file's size: it overflowed),
 * then entries of one kind byte, an absolute path as the user would see it, NUL. Kinds: R opened for reading,
 * W created, opened for writing or changed, U removed, S asked for and there, A asked for and absent,
 * D listed, X executed, L (with the path /) a program ended before one that it had started.
 */
#undef _FORTIFY_SOURCE
#define _GNU_SOURCE
#include <alloca.h>
#include <dirent.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#define SHOWN __attribute__((visibility("default")))
#define ROOM (3 * PATH_MAX)
extern char **environ;

/* The next definition of a function, as the program would have got it without us. */
#define NEXT(name)                                                                                                     \
  ({                                                                                                                   \
    static void *_Atomic slot;                                                                                         \
    void *found = atomic_load_explicit(&slot, memory_order_relaxed);                                                   \
    if (!found) atomic_store_explicit(&slot, found = dlsym(RTLD_NEXT, #name), memory_order_relaxed);                   \
    (__typeof__(&name)) found;                                                                                         \
  })

/* ---- settings ---------------------------------------------------------------------------------------------- */

enum { ROOT, PASS, LOADER, LIBS, SHIM, TRACE, SETTINGS };
static const char *const names[SETTINGS] = {"LLAMA_ROOT=",   "LLAMA_PASS=", "LLAMA_LOADER=",
                                            "LLAMA_LIBS=", "LLAMA_SHIM=", "LLAMA_TRACE="};
static char *settings[SETTINGS]; /* Whole "NAME=value" strings, our own copies. */
static const char *root;         /* Null in record-only mode. */
static size_t root_length;
static char *exe;
static _Atomic int ready;
static pid_t self, parent;
static pthread_t first_thread;
static struct {
  _Atomic uint64_t *offset;
  char *base;
  uint64_t size;
} record;

static void open_record(const char *path) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  off_t size = lseek(fd, 0, SEEK_END);
  void *base = size > 16 ? mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
  syscall(SYS_close, fd);
  if (base == MAP_FAILED) return;
  record.base = base;
  record.offset = base;
  record.size = (uint64_t)size;
}

static void forked(void) {
  parent = self;
  self = getpid();
}

/* Other libraries may call us before our own constructor has run, so every entry comes through here. */
static void setup(void) {
  int none = 0;
  if (!atomic_compare_exchange_strong(&ready, &none, 1)) return;
  int before = errno;
  for (int i = 0; i < SETTINGS; i++)
    for (char **entry = environ; entry && *entry; entry++)
      if (!strncmp(*entry, names[i], strlen(names[i]))) settings[i] = strdup(*entry);
  if (settings[ROOT] && settings[ROOT][strlen(names[ROOT])]) {
    root = settings[ROOT] + strlen(names[ROOT]);
    root_length = strlen(root);
  }
  const char *program = getenv("LLAMA_EXE");
  if (program) exe = strdup(program);
  if (settings[TRACE]) open_record(settings[TRACE] + strlen(names[TRACE]));
  self = getpid();
  parent = getppid();
  errno = before;
}

__attribute__((constructor)) static void begin(void) {
  setup();
  const char *expected = getenv("LLAMA_PARENT");
  first_thread = pthread_self();
  pthread_atfork(NULL, NULL, forked);
  if (expected && !strcmp(expected, "0")) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  /* The parent may have died before the line above. */
  if (expected && getppid() != (pid_t)atoi(expected)) {
    kill(getpid(), SIGKILL);
    NEXT(_exit)(137);
  }
}

/* ---- paths: the user's view and the physical one ------------------------------------------------------------ */

static bool below(const char *path, const char *folder, size_t length) {
  return !strncmp(path, folder, length) && (path[length] == '/' || path[length] == 0);
}

static bool passed(const char *path) {
  if (below(path, "/proc", 5) || below(path, "/dev", 4)) return true;
  if (!settings[PASS]) return false;
  const char *list = settings[PASS] + strlen(names[PASS]);
  while (*list) {
    size_t length = strcspn(list, ":");
    if (length && below(path, list, length)) return true;
    list += length + (list[length] == ':');
  }
  return false;
}

static const char *skip_slashes(const char *path) {
  while (path[0] == '/' && path[1] == '/') path++;
  return path;
}

/* Takes the root off the front of a physical path, in place. */
static char *strip(char *path) {
  if (!root || !below(path, root, root_length)) return path;
  size_t rest = strlen(path) - root_length;
  memmove(path, path + root_length, rest + 1);
  if (!rest) strcpy(path, "/");
  return path;
}

/* True when `..` would step above `depth` directories: there the kernel stays at "/", but we would leave the root. */
static bool climbs(const char *path, int depth) {
  if (!strstr(path, "..")) return false;
  while (*path) {
    while (*path == '/') path++;
    size_t length = strcspn(path, "/");
    if (length == 2 && path[0] == '.' && path[1] == '.') {
      if (--depth < 0) return true;
    } else if (length && !(length == 1 && path[0] == '.'))
      depth++;
    path += length;
  }
  return false;
}

/* Walks an absolute path component by component, holding `..` at the root. Leaves the physical path in `room`. */
static const char *walk(const char *path, char *room) {
  char physical[PATH_MAX];
  strcpy(room, root);
  while (*path) {
    while (*path == '/') path++;
    size_t length = strcspn(path, "/");
    size_t have = strlen(room);
    if (length == 2 && path[0] == '.' && path[1] == '.') {
      if (NEXT(realpath)(room, physical)) strcpy(room, physical);
      char *slash = strrchr(room, '/');
      if (strlen(room) > root_length && slash) *slash = 0;
    } else if (length && !(length == 1 && path[0] == '.')) {
      if (have + length + 2 > ROOM) return NULL;
      room[have] = '/';
      memcpy(room + have + 1, path, length);
      room[have + 1 + length] = 0;
    }
    path += length;
  }
  return room;
}

static bool current(char *room) {
  long got = syscall(SYS_getcwd, room, ROOM);
  if (got <= 0 || room[0] != '/') return false;
  strip(room);
  return true;
}

/* Where `path` really is; `room` takes it if it differs. Null, with errno, if it is too long. */
static const char *inside(const char *path, char *room) {
  setup();
  if (!root || !path || !*path) return path;
  if (path[0] != '/') {
    if (path[0] != '.' || path[1] != '.') return path;
    char absolute[ROOM];
    size_t length = strlen(path);
    if (!current(absolute) || strlen(absolute) + length + 2 > ROOM) return path;
    strcat(strcat(absolute, "/"), path);
    return climbs(absolute, 0) ? walk(absolute, room) : path;
  }
  path = skip_slashes(path);
  if (exe && !strcmp(path, "/proc/self/exe")) path = exe;
  if (passed(path) || below(path, root, root_length)) return path;
  if (climbs(path, 0)) return walk(path, room);
  size_t length = strlen(path);
  if (root_length + length >= ROOM) {
    errno = ENAMETOOLONG;
    return NULL;
  }
  memcpy(room, root, root_length);
  memcpy(room + root_length, path, length + 1);
  return room;
}

static const char *inside_at(int fd, const char *path, char *room) {
  return path && (path[0] == '/' || fd == AT_FDCWD) ? inside(path, room) : path;
}

/* ---- the record --------------------------------------------------------------------------------------------- */

/* Drops what this process has recorded before; a race between threads costs a repeated entry at most. */
static bool seen(char kind, const char *path, size_t length) {
  static _Atomic uint64_t memory[4096];
  uint64_t sum = 14695981039346656037u ^ (unsigned char)kind;
  for (size_t i = 0; i < length; i++) sum = (sum ^ (unsigned char)path[i]) * 1099511628211u;
  _Atomic uint64_t *slot = &memory[(sum >> 32) % 4096];
  return atomic_exchange_explicit(slot, sum, memory_order_relaxed) == sum;
}

static void note_at(char kind, int fd, const char *path) {
  if (!record.base || !path) return;
  int before = errno;
  char room[ROOM];
  if (path[0] != '/') {
    char link[64];
    if (fd == AT_FDCWD) {
      if (!current(room)) goto done;
    } else {
      snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
      long got = syscall(SYS_readlink, link, room, PATH_MAX);
      if (got <= 0 || room[0] != '/') goto done;
      room[got] = 0;
      strip(room);
    }
    if (strlen(room) + strlen(path) + 2 > ROOM) goto done;
    if (*path) strcat(room[1] ? strcat(room, "/") : room, path);
    path = room;
  } else {
    path = skip_slashes(path);
    if (root && below(path, root, root_length)) path = path[root_length] ? path + root_length : "/";
  }
  if (passed(path)) goto done;
  size_t length = strlen(path);
  if (kind != 'W' && kind != 'U' && seen(kind, path, length)) goto done;
  uint64_t at = atomic_fetch_add(record.offset, length + 2);
  if (at + length + 2 > record.size) goto done;
  memcpy(record.base + at + 1, path, length + 1);
  record.base[at] = kind;
done:
  errno = before;
}

static void note(char kind, const char *path) { note_at(kind, AT_FDCWD, path); }

/* Records the answer to a question: `kind` if it succeeded, absence if that was the reason why not. */
static void answered(bool success, char kind, int fd, const char *path) {
  if (success)
    note_at(kind, fd, path);
  else if (errno == ENOENT || errno == ENOTDIR)
    note_at('A', fd, path);
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

static void opened(int got, int fd, const char *path, int flags) {
  if (got < 0) {
    answered(false, 'A', fd, path);
    return;
  }
  if (!record.base) return;
  if ((flags & O_TMPFILE) == O_TMPFILE) return;
  int how = flags & O_ACCMODE;
  if (flags & O_DIRECTORY)
    note_at('D', fd, path);
  else if (how == O_RDONLY && !(flags & (O_CREAT | O_TRUNC))) {
    struct stat status;
    int before = errno;
    bool directory = !syscall(SYS_fstat, got, &status) && !S_ISREG(status.st_mode);
    errno = before;
    note_at(directory || (flags & O_PATH) ? 'S' : 'R', fd, path);
  } else {
    if (how == O_RDWR && !(flags & (O_TRUNC | O_EXCL | O_CREAT))) note_at('R', fd, path);
    note_at('W', fd, path);
  }
}

static int do_open(int fd, const char *path, int flags, mode_t mode) {
  char room[ROOM];
  const char *there = inside_at(fd, path, room);
  if (path && !there) return -1;
  int got = NEXT(openat)(fd, there, flags, mode);
  opened(got, fd, path, flags);
  return got;
}

#define MODE_OF(flags)                                                                                                 \
  ({                                                                                                                   \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & O_CREAT || ((flags) & O_TMPFILE) == O_TMPFILE) {                                                     \
      va_list list;                                                                                                    \
      va_start(list, flags);                                                                                           \
      mode = va_arg(list, mode_t);                                                                                     \
      va_end(list);                                                                                                    \
    }                                                                                                                  \
    mode;                                                                                                              \
  })

SHOWN int open(const char *path, int flags, ...) { return do_open(AT_FDCWD, path, flags, MODE_OF(flags)); }
SHOWN int open64(const char *path, int flags, ...) { return do_open(AT_FDCWD, path, flags, MODE_OF(flags)); }
SHOWN int openat(int fd, const char *path, int flags, ...) { return do_open(fd, path, flags, MODE_OF(flags)); }
SHOWN int openat64(int fd, const char *path, int flags, ...) { return do_open(fd, path, flags, MODE_OF(flags)); }
SHOWN int __open_2(const char *path, int flags) { return do_open(AT_FDCWD, path, flags, 0); }
SHOWN int __open64_2(const char *path, int flags) { return do_open(AT_FDCWD, path, flags, 0); }
SHOWN int __openat_2(int fd, const char *path, int flags) { return do_open(fd, path, flags, 0); }
SHOWN int __openat64_2(int fd, const char *path, int flags) { return do_open(fd, path, flags, 0); }
SHOWN int creat(const char *path, mode_t mode) {
  return do_open(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}
SHOWN int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static void streamed(FILE *got, const char *path, const char *mode) {
  if (!got)
    answered(false, 'A', AT_FDCWD, path);
  else if (mode[0] == 'r' && !strchr(mode, '+'))
    opened(fileno(got), AT_FDCWD, path, O_RDONLY);
  else
    opened(fileno(got), AT_FDCWD, path, mode[0] == 'r' ? O_RDWR : O_WRONLY | O_CREAT);
}

#define STREAM(name)                                                                                                   \
  SHOWN FILE *name(const char *path, const char *mode) {                                                               \
    char room[ROOM];                                                                                                   \
    const char *there = inside(path, room);                                                                            \
    FILE *got = there ? NEXT(name)(there, mode) : NULL;                                                                \
    streamed(got, path, mode);                                                                                         \
    return got;                                                                                                        \
  }
STREAM(fopen)
STREAM(fopen64)

#define RESTREAM(name)                                                                                                 \
  SHOWN FILE *name(const char *path, const char *mode, FILE *stream) {                                                 \
    char room[ROOM];                                                                                                   \
    FILE *got = NEXT(name)(inside(path, room), mode, stream);                                                          \
    if (path) streamed(got, path, mode);                                                                               \
    return got;                                                                                                        \
  }
RESTREAM(freopen)
RESTREAM(freopen64)

SHOWN DIR *opendir(const char *path) {
  char room[ROOM];
  DIR *got = NEXT(opendir)(inside(path, room));
  answered(got, 'D', AT_FDCWD, path);
  return got;
}

#define SCAN(name, entry)                                                                                              \
  SHOWN int name(const char *path, struct entry ***list, int (*filter)(const struct entry *),                         \
                 int (*compare)(const struct entry **, const struct entry **)) {                                       \
    char room[ROOM];                                                                                                   \
    int got = NEXT(name)(inside(path, room), list, filter, compare);                                                   \
    answered(got >= 0, 'D', AT_FDCWD, path);                                                                           \
    return got;                                                                                                        \
  }
SCAN(scandir, dirent)
SCAN(scandir64, dirent64)

/* The loader looks for it unseen: where it is not found, it is not in any of the places that we know of. */
static void *named_library(const char *name, int flags) {
  void *got = NEXT(dlopen)(name, flags);
  if (got || !root || !settings[LIBS]) return got;
  for (const char *list = settings[LIBS] + strlen(names[LIBS]); *list;) {
    size_t length = strcspn(list, ":");
    char path[ROOM];
    if (length > root_length && length + strlen(name) + 2 < PATH_MAX) {
      snprintf(path, sizeof path, "%.*s/%s", (int)(length - root_length), list + root_length, name);
      note('A', path);
    }
    list += length + (list[length] == ':');
  }
  return got;
}

SHOWN void *dlopen(const char *path, int flags) {
  char room[ROOM];
  if (!path) return NEXT(dlopen)(path, flags);
  if (!strchr(path, '/')) return named_library(path, flags);
  void *got = NEXT(dlopen)(inside(path, room), flags);
  note(got || !NEXT(access)(inside(path, room), F_OK) ? 'R' : 'A', path);
  return got;
}

/* ---- asking -------------------------------------------------------------------------------------------------- */

static int do_stat(int fd, const char *path, void *status, int flags) {
  char room[ROOM];
  const char *there = inside_at(fd, path, room);
  if (path && !there) return -1;
  int got = (int)syscall(SYS_newfstatat, fd, there, status, flags);
  if (path && *path) answered(!got, 'S', fd, path);
  return got;
}

#define LINKS AT_SYMLINK_NOFOLLOW
SHOWN int stat(const char *path, struct stat *to) { return do_stat(AT_FDCWD, path, to, 0); }
SHOWN int stat64(const char *path, struct stat64 *to) { return do_stat(AT_FDCWD, path, to, 0); }
SHOWN int lstat(const char *path, struct stat *to) { return do_stat(AT_FDCWD, path, to, LINKS); }
SHOWN int lstat64(const char *path, struct stat64 *to) { return do_stat(AT_FDCWD, path, to, LINKS); }
SHOWN int fstatat(int fd, const char *path, struct stat *to, int how) { return do_stat(fd, path, to, how); }
SHOWN int fstatat64(int fd, const char *path, struct stat64 *to, int how) { return do_stat(fd, path, to, how); }
/* Names of glibc before 2.33; the version argument has one meaning on x86-64. */
SHOWN int __xstat(int v, const char *path, struct stat *to) { return (void)v, do_stat(AT_FDCWD, path, to, 0); }
SHOWN int __xstat64(int v, const char *path, struct stat64 *to) { return (void)v, do_stat(AT_FDCWD, path, to, 0); }
SHOWN int __lxstat(int v, const char *path, struct stat *to) { return (void)v, do_stat(AT_FDCWD, path, to, LINKS); }
SHOWN int __lxstat64(int v, const char *path, struct stat64 *to) {
  return (void)v, do_stat(AT_FDCWD, path, to, LINKS);
}
SHOWN int __fxstatat(int v, int fd, const char *path, struct stat *to, int how) {
  return (void)v, do_stat(fd, path, to, how);
}
SHOWN int __fxstatat64(int v, int fd, const char *path, struct stat64 *to, int how) {
  return (void)v, do_stat(fd, path, to, how);
}

SHOWN int statx(int fd, const char *path, int flags, unsigned mask, struct statx *to) {
  char room[ROOM];
  const char *there = inside_at(fd, path, room);
  if (path && !there) return -1;
  int got = (int)syscall(SYS_statx, fd, there, flags, mask, to);
  if (path && *path) answered(!got, 'S', fd, path);
  return got;
}

/* A function of one path and nothing else that only asks. */
#define ASK(name, type)                                                                                                \
  SHOWN int name(const char *path, type argument) {                                                                    \
    char room[ROOM];                                                                                                   \
    const char *there = inside(path, room);                                                                            \
    int got = there ? NEXT(name)(there, argument) : -1;                                                                \
    answered(!got, 'S', AT_FDCWD, path);                                                                               \
    return got;                                                                                                        \
  }
struct statvfs;
struct statvfs64;
int statvfs(const char *, struct statvfs *);
int statvfs64(const char *, struct statvfs64 *);
ASK(access, int)
ASK(eaccess, int)
ASK(euidaccess, int)
ASK(statfs, struct statfs *)
ASK(statfs64, struct statfs64 *)
ASK(statvfs, struct statvfs *)
ASK(statvfs64, struct statvfs64 *)

SHOWN int faccessat(int fd, const char *path, int mode, int flags) {
  char room[ROOM];
  int got = NEXT(faccessat)(fd, inside_at(fd, path, room), mode, flags);
  answered(!got, 'S', fd, path);
  return got;
}

static bool is_own_exe(const char *path) {
  char link[64];
  if (!exe || !path || path[0] != '/') return false;
  path = skip_slashes(path);
  if (strncmp(path, "/proc/", 6)) return false;
  if (!strcmp(path, "/proc/self/exe") || !strcmp(path, "/proc/thread-self/exe")) return true;
  snprintf(link, sizeof link, "/proc/%d/exe", (int)getpid());
  return !strcmp(path, link);
}

static ssize_t do_readlink(int fd, const char *path, char *to, size_t size) {
  char room[ROOM], target[ROOM];
  const char *there = inside_at(fd, path, room);
  if (path && !there) return -1;
  ssize_t got;
  if (is_own_exe(path)) {
    strncpy(target, exe, ROOM - 1);
    got = (ssize_t)strlen(exe);
  } else {
    got = (ssize_t)syscall(SYS_readlinkat, fd, there, target, ROOM - 1);
    answered(got >= 0 || errno == EINVAL, 'S', fd, path);
    if (got < 0) return got;
    target[got] = 0;
    got = (ssize_t)strlen(strip(target));
  }
  if ((size_t)got > size) got = (ssize_t)size;
  memcpy(to, target, (size_t)got);
  return got;
}

SHOWN ssize_t readlink(const char *path, char *to, size_t size) { return do_readlink(AT_FDCWD, path, to, size); }
SHOWN ssize_t readlinkat(int fd, const char *path, char *to, size_t size) { return do_readlink(fd, path, to, size); }
SHOWN ssize_t __readlink_chk(const char *path, char *to, size_t size, size_t room) {
  if (room < size) abort();
  return do_readlink(AT_FDCWD, path, to, size);
}
SHOWN ssize_t __readlinkat_chk(int fd, const char *path, char *to, size_t size, size_t room) {
  if (room < size) abort();
  return do_readlink(fd, path, to, size);
}

SHOWN char *realpath(const char *path, char *to) {
  char room[ROOM], found[PATH_MAX];
  setup();
  if (is_own_exe(path)) {
    strncpy(found, exe, PATH_MAX - 1);
    found[PATH_MAX - 1] = 0;
  } else {
    char *got = path ? NEXT(realpath)(inside(path, room), found) : NEXT(realpath)(NULL, NULL);
    answered(got, 'S', AT_FDCWD, path);
    if (!got) return NULL;
    strip(found);
  }
  return to ? strcpy(to, found) : strdup(found);
}
SHOWN char *__realpath_chk(const char *path, char *to, size_t room) {
  if (room < PATH_MAX) abort();
  return realpath(path, to);
}
SHOWN char *canonicalize_file_name(const char *path) { return realpath(path, NULL); }

/* ---- the working directory ----------------------------------------------------------------------------------- */

SHOWN char *getcwd(char *to, size_t size) {
  char room[ROOM];
  setup();
  if (syscall(SYS_getcwd, room, ROOM) < 0) return NULL;
  size_t length = strlen(strip(room)) + 1;
  if (!to && !size) size = length;
  if (to && !size) {
    errno = EINVAL;
    return NULL;
  }
  if (length > size) {
    errno = ERANGE;
    return NULL;
  }
  if (!to && !(to = malloc(size))) return NULL;
  return memcpy(to, room, length);
}
SHOWN char *__getcwd_chk(char *to, size_t size, size_t room) {
  if (room < size) abort();
  return getcwd(to, size);
}
SHOWN char *getwd(char *to) { return getcwd(to, PATH_MAX); }
SHOWN char *get_current_dir_name(void) {
  const char *shown = getenv("PWD");
  struct stat one, other;
  if (shown && shown[0] == '/' && !stat(shown, &one) && !stat(".", &other) && one.st_dev == other.st_dev &&
      one.st_ino == other.st_ino)
    return strdup(shown);
  return getcwd(NULL, 0);
}
SHOWN int chdir(const char *path) {
  char room[ROOM];
  int got = NEXT(chdir)(inside(path, room));
  answered(!got, 'S', AT_FDCWD, path);
  return got;
}

/* ---- changing ------------------------------------------------------------------------------------------------ */

/* `kind` is what success means for the path. */
#define CHANGE(name, kind, parameters, call)                                                                           \
  SHOWN int name parameters {                                                                                          \
    char room[ROOM];                                                                                                   \
    const char *there = inside(path, room);                                                                            \
    if (path && !there) return -1;                                                                                     \
    int got = NEXT(name) call;                                                                                         \
    answered(!got, kind, AT_FDCWD, path);                                                                              \
    return got;                                                                                                        \
  }
#define CHANGE_AT(name, kind, parameters, call)                                                                        \
  SHOWN int name parameters {                                                                                          \
    char room[ROOM];                                                                                                   \
    const char *there = inside_at(fd, path, room);                                                                     \
    int got = NEXT(name) call;                                                                                         \
    answered(!got, kind, fd, path);                                                                                    \
    return got;                                                                                                        \
  }
CHANGE(unlink, 'U', (const char *path), (there))
CHANGE(remove, 'U', (const char *path), (there))
CHANGE(rmdir, 'U', (const char *path), (there))
CHANGE(mkdir, 'W', (const char *path, mode_t mode), (there, mode))
CHANGE(mkfifo, 'W', (const char *path, mode_t mode), (there, mode))
CHANGE(chmod, 'W', (const char *path, mode_t mode), (there, mode))
CHANGE(chown, 'W', (const char *path, uid_t user, gid_t group), (there, user, group))
CHANGE(lchown, 'W', (const char *path, uid_t user, gid_t group), (there, user, group))
CHANGE(utime, 'W', (const char *path, const struct utimbuf *times), (there, times))
CHANGE(utimes, 'W', (const char *path, const struct timeval times[2]), (there, times))
CHANGE(lutimes, 'W', (const char *path, const struct timeval times[2]), (there, times))
CHANGE(truncate, 'W', (const char *path, off_t size), (there, size))
CHANGE(truncate64, 'W', (const char *path, off64_t size), (there, size))
CHANGE_AT(unlinkat, 'U', (int fd, const char *path, int flags), (fd, there, flags))
CHANGE_AT(mkdirat, 'W', (int fd, const char *path, mode_t mode), (fd, there, mode))
CHANGE_AT(fchmodat, 'W', (int fd, const char *path, mode_t mode, int flags), (fd, there, mode, flags))
CHANGE_AT(fchownat, 'W', (int fd, const char *path, uid_t user, gid_t group, int flags),
          (fd, there, user, group, flags))
CHANGE_AT(utimensat, 'W', (int fd, const char *path, const struct timespec times[2], int flags),
          (fd, there, times, flags))
CHANGE_AT(futimesat, 'W', (int fd, const char *path, const struct timeval times[2]), (fd, there, times))

static int moved(int got, int from, const char *path, int to, const char *target, unsigned flags) {
  if (got) {
    answered(false, 'A', from, path);
    return got;
  }
  note_at(flags & 2 /* RENAME_EXCHANGE */ ? 'W' : 'U', from, path);
  note_at('W', to, target);
  return got;
}
SHOWN int rename(const char *path, const char *target) {
  char room[ROOM], other[ROOM];
  int got = NEXT(rename)(inside(path, room), inside(target, other));
  return moved(got, AT_FDCWD, path, AT_FDCWD, target, 0);
}
SHOWN int renameat(int fd, const char *path, int to, const char *target) {
  char room[ROOM], other[ROOM];
  int got = NEXT(renameat)(fd, inside_at(fd, path, room), to, inside_at(to, target, other));
  return moved(got, fd, path, to, target, 0);
}
SHOWN int renameat2(int fd, const char *path, int to, const char *target, unsigned flags) {
  char room[ROOM], other[ROOM];
  int got = (int)syscall(SYS_renameat2, fd, inside_at(fd, path, room), to, inside_at(to, target, other), flags);
  return moved(got, fd, path, to, target, flags);
}

SHOWN int link(const char *path, const char *target) {
  char room[ROOM], other[ROOM];
  int got = NEXT(link)(inside(path, room), inside(target, other));
  if (!got) note('R', path), note('W', target);
  return got;
}
SHOWN int linkat(int fd, const char *path, int to, const char *target, int flags) {
  char room[ROOM], other[ROOM];
  int got = NEXT(linkat)(fd, inside_at(fd, path, room), to, inside_at(to, target, other), flags);
  if (!got) note_at('R', fd, path), note_at('W', to, target);
  return got;
}
/* An absolute target is stored as a physical one, since the kernel follows it; readlink takes the root off again. */
SHOWN int symlinkat(const char *path, int to, const char *target) {
  char room[ROOM], other[ROOM];
  int got = NEXT(symlinkat)(path[0] == '/' ? inside(path, room) : path, to, inside_at(to, target, other));
  if (!got) note_at('W', to, target);
  return got;
}
SHOWN int symlink(const char *path, const char *target) { return symlinkat(path, AT_FDCWD, target); }

/* ---- temporary files ----------------------------------------------------------------------------------------- */

static int do_temporary(char *path, int suffix, int flags) {
  char room[ROOM];
  const char *there = inside(path, room);
  size_t length = strlen(path), tail = 6 + (size_t)(suffix < 0 ? 0 : suffix);
  if (!there || length < tail) {
    errno = EINVAL;
    return -1;
  }
  if (there != room) there = strcpy(room, there);
  int got = NEXT(mkostemps)(room, suffix, flags);
  if (got < 0) return got;
  memcpy(path + length - tail, room + strlen(room) - tail, tail);
  note('W', path);
  return got;
}
SHOWN int mkstemp(char *path) { return do_temporary(path, 0, 0); }
SHOWN int mkstemp64(char *path) { return do_temporary(path, 0, 0); }
SHOWN int mkostemp(char *path, int flags) { return do_temporary(path, 0, flags); }
SHOWN int mkostemp64(char *path, int flags) { return do_temporary(path, 0, flags); }
SHOWN int mkstemps(char *path, int suffix) { return do_temporary(path, suffix, 0); }
SHOWN int mkstemps64(char *path, int suffix) { return do_temporary(path, suffix, 0); }
SHOWN int mkostemps(char *path, int suffix, int flags) { return do_temporary(path, suffix, flags); }
SHOWN int mkostemps64(char *path, int suffix, int flags) { return do_temporary(path, suffix, flags); }
SHOWN char *mkdtemp(char *path) {
  char room[ROOM];
  const char *there = inside(path, room);
  size_t length = strlen(path);
  if (!there || length < 6) {
    errno = EINVAL;
    return NULL;
  }
  if (there != room) strcpy(room, there);
  if (!NEXT(mkdtemp)(room)) return NULL;
  memcpy(path + length - 6, room + strlen(room) - 6, 6);
  note('W', path);
  return path;
}
SHOWN FILE *tmpfile(void) {
  char path[] = "/tmp/tmpfileXXXXXX", room[ROOM];
  int fd = do_temporary(path, 0, O_CLOEXEC);
  if (fd < 0) return NULL;
  NEXT(unlink)(inside(path, room));
  return fdopen(fd, "w+");
}
SHOWN FILE *tmpfile64(void) { return tmpfile(); }

/* ---- starting programs --------------------------------------------------------------------------------------- */

struct spawn {
  pid_t *pid;
  const posix_spawn_file_actions_t *actions;
  const posix_spawnattr_t *attributes;
};

static int start(const char *path, char *const argv[], char *const envp[], const struct spawn *spawn) {
  if (spawn) return NEXT(posix_spawn)(spawn->pid, path, spawn->actions, spawn->attributes, argv, envp);
  return NEXT(execve)(path, argv, envp);
}

enum format { DYNAMIC, STATIC, OTHER, SCRIPT, UNREADABLE };

/* Tells what a program file is by its first bytes; `line` takes what follows "#!". */
static enum format format_of(const char *path, char *line, size_t room) {
  int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return UNREADABLE;
  char head[4096];
  ssize_t got = pread(fd, head, sizeof head - 1, 0);
  enum format format = OTHER;
  if (got > 2 && head[0] == '#' && head[1] == '!') {
    head[got] = 0;
    size_t length = strcspn(head + 2, "\n");
    snprintf(line, room, "%.*s", (int)length, head + 2);
    format = SCRIPT;
  } else if (got >= (ssize_t)sizeof(Elf64_Ehdr) && !memcmp(head, ELFMAG, SELFMAG) && head[EI_CLASS] == ELFCLASS64) {
    const Elf64_Ehdr *header = (const void *)head;
    format = STATIC;
    for (int i = 0; i < header->e_phnum; i++) {
      Elf64_Phdr part;
      if (pread(fd, &part, sizeof part, (off_t)(header->e_phoff + (unsigned)i * sizeof part)) != sizeof part) break;
      if (part.p_type == PT_INTERP) format = DYNAMIC;
    }
  }
  syscall(SYS_close, fd);
  return format;
}

static bool ours(const char *entry) {
  for (int i = 0; i < SETTINGS; i++)
    if (!strncmp(entry, names[i], strlen(names[i]))) return true;
  return !strncmp(entry, "LLAMA_EXE=", 10) || !strncmp(entry, "LLAMA_PARENT=", 13) ||
         (!root && settings[SHIM] && !strncmp(entry, "LD_PRELOAD=", 11));
}

static int launch_deep(const char *path, char *const argv[], char *const envp[], const struct spawn *spawn, int depth) {
  static char *const nothing[] = {NULL};
  char room[ROOM], line[PATH_MAX], physical[PATH_MAX];
  const char *there = inside(path, room);
  if (!there || !settings[SHIM]) return start(there ? there : path, argv, envp, spawn);
  size_t argc = 0, envc = 0;
  if (!argv) argv = nothing;
  if (!envp) envp = nothing;
  while (argv[argc]) argc++;
  while (envp[envc]) envc++;

  enum format format = format_of(there, line, sizeof line);
  if (format == SCRIPT && root) {
    if (depth > 4 || NEXT(access)(there, X_OK)) return start(there, argv, envp, spawn);
    note('X', path);
    char *interpreter = line + strspn(line, " \t"), *argument = interpreter + strcspn(interpreter, " \t");
    if (*argument) *argument++ = 0;
    argument += strspn(argument, " \t");
    for (char *end = argument + strlen(argument); end > argument && strchr(" \t\r", end[-1]);) *--end = 0;
    char **words = alloca((argc + 4) * sizeof *words);
    size_t count = 0;
    words[count++] = interpreter;
    if (*argument) words[count++] = argument;
    words[count++] = (char *)path;
    for (size_t i = 1; i < argc; i++) words[count++] = argv[i];
    words[count] = NULL;
    return launch_deep(interpreter, words, envp, spawn, depth + 1);
  }

  /* A child of vfork shares our memory: there `self` still names the process that will be the parent. */
  char parent_setting[32], exe_setting[PATH_MAX + 16], preload[PATH_MAX + 16];
  /* The kernel ends a child with the thread that has started it. A child of fork is that thread still. */
  bool lasts = !first_thread || pthread_equal(pthread_self(), first_thread);
  snprintf(parent_setting, sizeof parent_setting, "LLAMA_PARENT=%d",
           lasts ? (int)(spawn || getpid() != self ? self : parent) : 0);
  char **variables = alloca((envc + SETTINGS + 4) * sizeof *variables);
  size_t count = 0;
  for (size_t i = 0; i < envc; i++)
    if (!ours(envp[i])) variables[count++] = envp[i];
  for (int i = 0; i < SETTINGS; i++)
    if (settings[i]) variables[count++] = settings[i];
  variables[count++] = parent_setting;
  bool known = NEXT(realpath)(there, physical);
  if (root && known) {
    snprintf(exe_setting, sizeof exe_setting, "LLAMA_EXE=%s", strip(physical));
    variables[count++] = exe_setting;
  }
  if (!root) {
    snprintf(preload, sizeof preload, "LD_PRELOAD=%s", settings[SHIM] + strlen(names[SHIM]));
    variables[count++] = preload;
  }
  variables[count] = NULL;
  answered(format != UNREADABLE, 'X', AT_FDCWD, path);
  if (root && format == STATIC) {
    errno = EACCES;
    return spawn ? EACCES : -1;
  }
  if (!root || format != DYNAMIC || NEXT(access)(there, X_OK)) return start(there, argv, variables, spawn);

  const char *loader = settings[LOADER] + strlen(names[LOADER]);
  char **words = alloca((argc + 12) * sizeof *words);
  count = 0;
  words[count++] = (char *)loader;
  words[count++] = "--inhibit-cache";
  words[count++] = "--library-path";
  words[count++] = settings[LIBS] + strlen(names[LIBS]);
  words[count++] = "--preload";
  words[count++] = settings[SHIM] + strlen(names[SHIM]);
  words[count++] = "--argv0";
  words[count++] = argc ? argv[0] : (char *)path;
  words[count++] = (char *)there;
  for (size_t i = 1; i < argc; i++) words[count++] = argv[i];
  words[count] = NULL;
  return start(loader, words, variables, spawn);
}

static int launch(const char *path, char *const argv[], char *const envp[], const struct spawn *spawn) {
  setup();
  return launch_deep(path, argv, envp, spawn, 0);
}

/* Looks a bare name up along PATH in the user's view, as execvp does. */
static int launch_named(const char *name, char *const argv[], char *const envp[], const struct spawn *spawn) {
  setup();
  if (strchr(name, '/')) return launch(name, argv, envp, spawn);
  const char *list = getenv("PATH");
  if (!list) list = "/bin:/usr/bin";
  int refused = ENOENT;
  for (;;) {
    size_t length = strcspn(list, ":");
    char path[ROOM], room[ROOM];
    if (length + strlen(name) + 2 < PATH_MAX) {
      snprintf(path, sizeof path, "%.*s%s%s", (int)length, list, length ? "/" : "", name);
      const char *there = inside(path, room);
      struct stat status;
      if (there && !syscall(SYS_newfstatat, AT_FDCWD, there, &status, 0) && S_ISREG(status.st_mode)) {
        if (!NEXT(access)(there, X_OK)) return launch(path, argv, envp, spawn);
        refused = EACCES;
        note('S', path);
      } else
        note('A', path);
    }
    if (!list[length]) break;
    list += length + 1;
  }
  errno = refused;
  return spawn ? refused : -1;
}

SHOWN int execve(const char *path, char *const argv[], char *const envp[]) { return launch(path, argv, envp, NULL); }
SHOWN int execv(const char *path, char *const argv[]) { return launch(path, argv, environ, NULL); }
SHOWN int execvp(const char *name, char *const argv[]) { return launch_named(name, argv, environ, NULL); }
SHOWN int execvpe(const char *name, char *const argv[], char *const envp[]) {
  return launch_named(name, argv, envp, NULL);
}

#define VARIADIC(name, how, variables)                                                                                 \
  SHOWN int name(const char *path, const char *first, ...) {                                                           \
    va_list list;                                                                                                      \
    size_t count = 1;                                                                                                  \
    va_start(list, first);                                                                                             \
    while (va_arg(list, char *)) count++;                                                                              \
    va_end(list);                                                                                                      \
    char **argv = alloca((count + 1) * sizeof *argv), **envp = environ;                                                \
    argv[0] = (char *)first;                                                                                           \
    va_start(list, first);                                                                                             \
    for (size_t i = 1; i <= count; i++) argv[i] = va_arg(list, char *);                                                \
    if (variables) envp = va_arg(list, char **);                                                                       \
    va_end(list);                                                                                                      \
    return how(path, argv, envp, NULL);                                                                                \
  }
VARIADIC(execl, launch, 0)
VARIADIC(execlp, launch_named, 0)
VARIADIC(execle, launch, 1)

SHOWN int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  struct spawn spawn = {pid, actions, attributes};
  return launch(path, argv, envp, &spawn);
}
SHOWN int posix_spawnp(pid_t *pid, const char *name, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  struct spawn spawn = {pid, actions, attributes};
  return launch_named(name, argv, envp, &spawn);
}
SHOWN int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd, const char *path, int flags,
                                           mode_t mode) {
  char room[ROOM];
  note((flags & O_ACCMODE) == O_RDONLY ? 'R' : 'W', path);
  return NEXT(posix_spawn_file_actions_addopen)(actions, fd, inside(path, room), flags, mode);
}
SHOWN int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path) {
  char room[ROOM];
  return NEXT(posix_spawn_file_actions_addchdir_np)(actions, inside(path, room));
}

/* ---- programs that glibc would start by itself, and directories that it would walk --------------------------- */

/* The shell, with the signals that it would have had without what system() does to its caller's. */
static int start_shell(const char *command, const sigset_t *mask, const sigset_t *defaults,
                       const posix_spawn_file_actions_t *actions, pid_t *pid) {
  char *argv[] = {"sh", "-c", (char *)command, NULL};
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setsigmask(&attributes, mask);
  posix_spawnattr_setsigdefault(&attributes, defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  int failed = posix_spawn(pid, "/bin/sh", actions, &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  return failed;
}

static int wait_for(pid_t pid) {
  int status;
  while (waitpid(pid, &status, 0) < 0)
    if (errno != EINTR) return -1;
  return status;
}

/* system(3p): the caller ignores SIGINT and SIGQUIT and blocks SIGCHLD while the command runs. */
SHOWN int system(const char *command) {
  setup();
  if (!root) return NEXT(system)(command);
  if (!command) return 1;
  struct sigaction ignored = {.sa_handler = SIG_IGN}, interrupt, quit;
  sigset_t child, before, defaults;
  sigemptyset(&defaults);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigaction(SIGINT, &ignored, &interrupt);
  sigaction(SIGQUIT, &ignored, &quit);
  sigprocmask(SIG_BLOCK, &child, &before);
  if (interrupt.sa_handler != SIG_IGN) sigaddset(&defaults, SIGINT);
  if (quit.sa_handler != SIG_IGN) sigaddset(&defaults, SIGQUIT);
  pid_t pid;
  int status = start_shell(command, &before, &defaults, NULL, &pid) ? 127 << 8 : wait_for(pid);
  sigaction(SIGINT, &interrupt, NULL);
  sigaction(SIGQUIT, &quit, NULL);
  sigprocmask(SIG_SETMASK, &before, NULL);
  return status;
}

struct piped {
  FILE *stream;
  pid_t pid;
  struct piped *next;
};
static struct piped *piped;
static pthread_mutex_t piping = PTHREAD_MUTEX_INITIALIZER;

/* As with mode "e" in any case: no other program gets our end of the pipe. */
SHOWN FILE *popen(const char *command, const char *mode) {
  setup();
  if (!root) return NEXT(popen)(command, mode);
  bool reads = strchr(mode, 'r') != NULL;
  int ends[2];
  if (strspn(mode, "rwe") != strlen(mode) || reads == (strchr(mode, 'w') != NULL)) {
    errno = EINVAL;
    return NULL;
  }
  if (pipe2(ends, O_CLOEXEC)) return NULL;
  int own = ends[reads ? 0 : 1], other = ends[reads ? 1 : 0];
  struct piped *entry = malloc(sizeof *entry);
  FILE *stream = entry ? fdopen(own, reads ? "r" : "w") : NULL;
  posix_spawn_file_actions_t actions;
  sigset_t mask, none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, NULL, &mask);
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, other, reads ? 1 : 0);
  int failed = stream ? start_shell(command, &mask, &none, &actions, &entry->pid) : errno;
  posix_spawn_file_actions_destroy(&actions);
  syscall(SYS_close, other);
  if (failed) {
    if (stream) NEXT(fclose)(stream);
    else syscall(SYS_close, own);
    free(entry);
    errno = failed;
    return NULL;
  }
  entry->stream = stream;
  pthread_mutex_lock(&piping);
  entry->next = piped;
  piped = entry;
  pthread_mutex_unlock(&piping);
  return stream;
}

/* To glibc the two are one: both wait. */
static int close_piped(FILE *stream) {
  pthread_mutex_lock(&piping);
  struct piped **at = &piped;
  while (*at && (*at)->stream != stream) at = &(*at)->next;
  struct piped *entry = *at;
  if (entry) *at = entry->next;
  pthread_mutex_unlock(&piping);
  if (!entry) return NEXT(fclose)(stream);
  pid_t pid = entry->pid;
  free(entry);
  NEXT(fclose)(stream);
  return wait_for(pid);
}
SHOWN int pclose(FILE *stream) { return close_piped(stream); }
SHOWN int fclose(FILE *stream) { return close_piped(stream); }

/* glob(3) with our own functions for the directories that it looks into. */
#define GLOB(name, result)                                                                                             \
  SHOWN int name(const char *pattern, int flags, int (*on_error)(const char *, int), result *to) {                     \
    if (flags & GLOB_ALTDIRFUNC) return NEXT(name)(pattern, flags, on_error, to);                                      \
    to->gl_opendir = (void *(*)(const char *))opendir;                                                                 \
    to->gl_readdir = (void *)readdir;                                                                                  \
    to->gl_closedir = (void (*)(void *))closedir;                                                                      \
    to->gl_stat = (void *)stat;                                                                                        \
    to->gl_lstat = (void *)lstat;                                                                                      \
    int got = NEXT(name)(pattern, flags | GLOB_ALTDIRFUNC, on_error, to);                                              \
    to->gl_flags &= ~GLOB_ALTDIRFUNC;                                                                                  \
    return got;                                                                                                        \
  }
GLOB(glob, glob_t)
GLOB(glob64, glob64_t)

SHOWN int fexecve(int fd, char *const argv[], char *const envp[]) {
  char link[32], path[PATH_MAX];
  setup();
  if (!root) return NEXT(fexecve)(fd, argv, envp);
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t got = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (got < 0) return -1;
  path[got] = 0;
  return launch(strip(path), argv, envp, NULL);
}

/* ---- programs that end before one that they have started ------------------------------------------------------- */

/* The worker ends with a command all that it has left running: whoever leaves anything is not what he is here. */
static void leave(void) {
  siginfo_t child = {0};
  if (!root || getpid() != self) return;
  if (!waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) && !child.si_pid) note('L', "/");
}
__attribute__((destructor)) static void end(void) { leave(); }

#define EXIT(name)                                                                                                     \
  SHOWN void name(int status) {                                                                                        \
    leave();                                                                                                           \
    NEXT(name)(status);                                                                                                \
    __builtin_unreachable();                                                                                           \
  }
EXIT(_exit)
EXIT(_Exit)
