/*
 * Preloaded into make and all that it starts: a compile by a known compiler, however it is spelt, is given to the stub in
 * its place, with the very same words. Everything else runs as if this were not here.
 *
 * LLAMA_MAKE names a directory with the stub in it; without it nothing is done. The stub learns in LLAMA_MAKE_PROGRAM
 * which program it stands for.
 *
 * These functions run between vfork() and exec(), in the parent's memory: nothing is allocated but on the stack, and
 * nothing global is written.
 */
#define _GNU_SOURCE
#include <alloca.h>
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

extern char **environ;

typedef int execve_fn(const char *, char *const[], char *const[]);
typedef int spawn_fn(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *, char *const[],
                     char *const[]);

static execve_fn *real_execve, *real_execvpe;
static spawn_fn *real_spawn, *real_spawnp;

/* Before main(): dlsym() may allocate, which nobody may do after vfork(). */
__attribute__((constructor)) static void find_real(void) {
  real_execve = (execve_fn *)dlsym(RTLD_NEXT, "execve");
  real_execvpe = (execve_fn *)dlsym(RTLD_NEXT, "execvpe");
  real_spawn = (spawn_fn *)dlsym(RTLD_NEXT, "posix_spawn");
  real_spawnp = (spawn_fn *)dlsym(RTLD_NEXT, "posix_spawnp");
}

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* As compilerName() in src/toolchain/compiler-name.ts: perhaps a prefix, a driver, perhaps a version. */
static int is_compiler(const char *path) {
  static const char *const drivers[] = {"gcc", "g++", "clang++", "clang", "c++", "cc"};
  const char *name = base_name(path);
  size_t length = strlen(name), end = length;
  while (end > 0 && (is_digit(name[end - 1]) || name[end - 1] == '.')) end--;
  if (end == 0 || end == length || name[end - 1] != '-' || !is_digit(name[end]))
    end = length;
  else
    end--;
  for (size_t i = 0; i < sizeof drivers / sizeof *drivers; i++) {
    size_t size = strlen(drivers[i]);
    if (end >= size && memcmp(name + end - size, drivers[i], size) == 0 && (end == size || name[end - size - 1] == '-'))
      return 1;
  }
  return 0;
}

static int is_one_of(const char *name, const char *const *names) {
  for (; *names; names++)
    if (strcmp(name, *names) == 0) return 1;
  return 0;
}

/* Whether a word of make's sets a number of jobs: `-j4`, `-kj4`, `-j 4`, `--jobs=4`. */
static int sets_jobs(char *const *word) {
  static const char with_value[] = "CfIoWEOl";
  const char *at = *word;
  if (strncmp(at, "--jobs", 6) == 0) return at[6] == '=' || (at[6] == 0 && word[1] && is_digit(*word[1]));
  if (*at++ != '-' || *at == '-') return 0;
  for (; *at && !strchr(with_value, *at); at++)
    if (*at == 'j') return is_digit(at[1]) || (at[1] == 0 && word[1] && is_digit(*word[1]));
  return 0;
}

/* A compile, perhaps with a launcher in front; or a make that is to have a width of its own, which is told of. */
static int is_wanted(const char *path, char *const argv[]) {
  static const char *const launchers[] = {"ccache", "sccache", "distcc", "icecc", NULL};
  static const char *const makes[] = {"make", "gmake", NULL};
  const char *name = base_name(path);
  if (!argv || !argv[0]) return 0;
  if (is_one_of(name, makes)) {
    for (char *const *word = argv + 1; *word; word++)
      if (sets_jobs(word)) return 1;
    return 0;
  }
  if (!is_compiler(path) && !(is_one_of(name, launchers) && argv[1] && is_compiler(argv[1]))) return 0;
  for (char *const *word = argv + 1; *word; word++)
    if (strcmp(*word, "-c") == 0) return 1;
  return 0;
}

static const char *value_of(const char *name, char *const envp[]) {
  size_t length = strlen(name);
  if (envp)
    for (; *envp; envp++)
      if (strncmp(*envp, name, length) == 0 && (*envp)[length] == '=') return *envp + length + 1;
  return NULL;
}

static size_t count(char *const words[]) {
  size_t n = 0;
  while (words[n]) n++;
  return n;
}

/* Offset in the file of an address, by the program's segments; 0 where no segment has it. */
static uint64_t offset_of(uint64_t address, const Elf64_Phdr *segments, int count) {
  for (int i = 0; i < count; i++)
    if (segments[i].p_type == PT_LOAD && address - segments[i].p_vaddr < segments[i].p_filesz)
      return address - segments[i].p_vaddr + segments[i].p_offset;
  return 0;
}

/* Whether the open program wants the library of AddressSanitizer, which ends a program that has any before it. */
static int wants_asan(int file) {
  Elf64_Ehdr head;
  Elf64_Phdr segments[32];
  if (pread(file, &head, sizeof head, 0) != sizeof head || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
      head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof *segments)
    return 0;
  int count = head.e_phnum < 32 ? head.e_phnum : 32;
  if (pread(file, segments, count * sizeof *segments, head.e_phoff) != (ssize_t)(count * sizeof *segments)) return 0;
  for (int i = 0; i < count; i++) {
    if (segments[i].p_type != PT_DYNAMIC) continue;
    Elf64_Dyn entries[128];
    size_t size = segments[i].p_filesz < sizeof entries ? segments[i].p_filesz : sizeof entries;
    ssize_t got = pread(file, entries, size, segments[i].p_offset);
    int found = got < 0 ? 0 : got / sizeof *entries;
    uint64_t names = 0;
    for (int at = 0; at < found; at++)
      if (entries[at].d_tag == DT_STRTAB) names = offset_of(entries[at].d_un.d_ptr, segments, count);
    for (int at = 0; names && at < found && entries[at].d_tag != DT_NULL; at++) {
      static const char wanted[] = "libasan.so", clangs[] = "libclang_rt.asan";
      char name[sizeof clangs];
      if (entries[at].d_tag != DT_NEEDED || pread(file, name, sizeof name, names + entries[at].d_un.d_val) < 1) continue;
      if (strncmp(name, wanted, sizeof wanted - 1) == 0 || strncmp(name, clangs, sizeof clangs - 1) == 0) return 1;
    }
  }
  return 0;
}

/* Whether it runs as if this were not here only without us. The system's own programs are not looked at. */
static int refuses_us(const char *path, char *const envp[]) {
  if (!value_of("LLAMA_MAKE", envp) || strncmp(path, "/usr/", 5) == 0 || strncmp(path, "/bin/", 5) == 0) return 0;
  int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file < 0) return 0;
  int answer = wants_asan(file);
  close(file);
  return answer;
}

/* Path of the stub, into `stub`; 0 where there is none, or where it would stand for nothing of interest. */
static int stands_in(const char *path, char *const argv[], char *const envp[], char stub[PATH_MAX]) {
  const char *place = value_of("LLAMA_MAKE", envp);
  if (!place || !*place || !is_wanted(path, argv)) return 0;
  size_t length = strlen(place);
  if (length + sizeof "/stub" > PATH_MAX || strlen(path) >= PATH_MAX) return 0;
  memcpy(stub, place, length);
  memcpy(stub + length, "/stub", sizeof "/stub");
  /* Of a make that is long over the name may have come to somebody else. */
  struct stat own;
  return access(path, X_OK) == 0 && access(stub, X_OK) == 0 && lstat(place, &own) == 0 && own.st_uid == geteuid();
}

#define PROGRAM "LLAMA_MAKE_PROGRAM="

/* The environment of a stub for `path`, on the caller's stack. */
#define STUB_ENVIRONMENT(path, envp, result)                                        \
  char **result = alloca((count(envp) + 2) * sizeof *result);                       \
  {                                                                                 \
    size_t length = strlen(path), at = 0;                                           \
    char *program = alloca(sizeof PROGRAM + length);                                \
    memcpy(program, PROGRAM, sizeof PROGRAM - 1);                                   \
    memcpy(program + sizeof PROGRAM - 1, path, length + 1);                         \
    for (char *const *each = envp; *each; each++)                                   \
      if (strncmp(*each, PROGRAM, sizeof PROGRAM - 1) != 0) result[at++] = *each;   \
    result[at++] = program;                                                         \
    result[at] = NULL;                                                              \
  }

#define PRELOAD "LD_PRELOAD="

/* A list of libraries without ours, into `kept`, which has room for all of it; answers how many are left. */
static int without_us(const char *list, const char *library, char *kept) {
  int entries = 0;
  for (;;) {
    size_t size = strcspn(list, ": ");
    if (size > 0 && !(size == strlen(library) && memcmp(list, library, size) == 0)) {
      if (entries++) *kept++ = ':';
      memcpy(kept, list, size);
      kept += size;
    }
    list += size;
    if (!*list) break;
    list++;
  }
  *kept = 0;
  return entries;
}

/* The environment without anything of ours, on the caller's stack. */
#define BARE_ENVIRONMENT(envp, result)                                              \
  char **result = alloca((count(envp) + 1) * sizeof *result);                       \
  {                                                                                 \
    const char *library = value_of("LLAMA_MAKE_LIBRARY", envp);                     \
    size_t at = 0;                                                                  \
    for (char *const *each = envp; *each; each++) {                                 \
      if (strncmp(*each, "LLAMA_MAKE", sizeof "LLAMA_MAKE" - 1) == 0) continue;     \
      result[at] = *each;                                                           \
      if (library && strncmp(*each, PRELOAD, sizeof PRELOAD - 1) == 0) {            \
        result[at] = alloca(strlen(*each) + 1);                                     \
        memcpy(result[at], PRELOAD, sizeof PRELOAD - 1);                            \
        if (!without_us(*each + sizeof PRELOAD - 1, library, result[at] + sizeof PRELOAD - 1)) continue; \
      }                                                                             \
      at++;                                                                         \
    }                                                                               \
    result[at] = NULL;                                                              \
  }

/* Where execvp() would find `file`, into `path`; 0 where it would not. */
static int find_program(const char *file, char path[PATH_MAX]) {
  size_t length = strlen(file);
  if (strchr(file, '/')) {
    if (length >= PATH_MAX) return 0;
    memcpy(path, file, length + 1);
    return 1;
  }
  const char *at = value_of("PATH", environ);
  if (!at) return 0;
  for (;;) {
    const char *end = strchrnul(at, ':');
    size_t size = end - at;
    struct stat found;
    if (size + length + 2 <= PATH_MAX) {
      memcpy(path, at, size);
      if (size > 0) path[size++] = '/';
      memcpy(path + size, file, length + 1);
      if (access(path, X_OK) == 0 && stat(path, &found) == 0 && S_ISREG(found.st_mode)) return 1;
    }
    if (!*end) return 0;
    at = end + 1;
  }
}

EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
  char stub[PATH_MAX];
  if (path && refuses_us(path, envp)) {
    BARE_ENVIRONMENT(envp, bare)
    return real_execve(path, argv, bare);
  }
  if (!path || !stands_in(path, argv, envp, stub)) return real_execve(path, argv, envp);
  STUB_ENVIRONMENT(path, envp, changed)
  return real_execve(stub, argv, changed);
}

EXPORT int execv(const char *path, char *const argv[]) { return execve(path, argv, environ); }

EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
  char stub[PATH_MAX], path[PATH_MAX];
  if (!file || !find_program(file, path)) return real_execvpe(file, argv, envp);
  if (refuses_us(path, envp)) {
    BARE_ENVIRONMENT(envp, bare)
    return real_execvpe(file, argv, bare);
  }
  if (!stands_in(path, argv, envp, stub)) return real_execvpe(file, argv, envp);
  STUB_ENVIRONMENT(path, envp, changed)
  return real_execve(stub, argv, changed);
}

EXPORT int execvp(const char *file, char *const argv[]) { return execvpe(file, argv, environ); }

/* The words of an execl(), on the caller's stack; `list` stands behind the terminating NULL afterwards. */
#define GATHER_WORDS(first, list, argv)                                \
  size_t size = 1;                                                     \
  va_start(list, first);                                               \
  while (va_arg(list, char *)) size++;                                 \
  va_end(list);                                                        \
  char **argv = alloca((size + 1) * sizeof *argv);                     \
  argv[0] = (char *)first;                                             \
  va_start(list, first);                                               \
  for (size_t i = 1; i <= size; i++) argv[i] = va_arg(list, char *);

EXPORT int execl(const char *path, const char *first, ...) {
  va_list list;
  if (!first) return execve(path, (char *[]){NULL}, environ);
  GATHER_WORDS(first, list, argv)
  va_end(list);
  return execve(path, argv, environ);
}

EXPORT int execlp(const char *file, const char *first, ...) {
  va_list list;
  if (!first) return execvpe(file, (char *[]){NULL}, environ);
  GATHER_WORDS(first, list, argv)
  va_end(list);
  return execvpe(file, argv, environ);
}

EXPORT int execle(const char *path, const char *first, ...) {
  va_list list;
  if (!first) {
    errno = EINVAL;
    return -1;
  }
  GATHER_WORDS(first, list, argv)
  char **envp = va_arg(list, char **);
  va_end(list);
  return execve(path, argv, envp);
}

EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                       const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  char stub[PATH_MAX];
  char *const *env = envp ? envp : environ;
  if (path && refuses_us(path, env)) {
    BARE_ENVIRONMENT(env, bare)
    return real_spawn(pid, path, actions, attributes, argv, bare);
  }
  if (!path || !stands_in(path, argv, env, stub)) return real_spawn(pid, path, actions, attributes, argv, envp);
  STUB_ENVIRONMENT(path, env, changed)
  return real_spawn(pid, stub, actions, attributes, argv, changed);
}

EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  char stub[PATH_MAX], path[PATH_MAX];
  char *const *env = envp ? envp : environ;
  if (!file || !find_program(file, path)) return real_spawnp(pid, file, actions, attributes, argv, envp);
  if (refuses_us(path, env)) {
    BARE_ENVIRONMENT(env, bare)
    return real_spawnp(pid, file, actions, attributes, argv, bare);
  }
  if (!stands_in(path, argv, env, stub)) return real_spawnp(pid, file, actions, attributes, argv, envp);
  STUB_ENVIRONMENT(path, env, changed)
  return real_spawn(pid, stub, actions, attributes, argv, changed);
}
