/*
 * Stands in a compiler's place under `llama make`: tells the client what was asked for, waits, and either gives its answer
 * (standard error and exit status, with the outputs in place) or becomes the real compiler, as if nothing had been between.
 *
 * LLAMA_MAKE names the directory with the client's socket. LLAMA_MAKE_PROGRAM is the compiler, where the preload library
 * has put us in its place; otherwise we are a link to ourselves in LLAMA_MAKE/bin, first on PATH, and look for the program
 * by the same name behind it.
 *
 * A question (numbers are 32 bits, in this machine's order; texts end with a zero byte):
 *   length of what follows, kind ('c' a compile, 'm' a make with a width of its own), umask,
 *   number of words, number of variables, the monotonic clock in ns (64 bits), directory, program, words, variables.
 * An answer: 'r' (run the real one), or 'd', exit status and length, and that much for standard error.
 *
 * Whatever goes wrong on the way means: run the real one.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PLACE "LLAMA_MAKE"
#define PROGRAM "LLAMA_MAKE_PROGRAM"
#define LIBRARY "LLAMA_MAKE_LIBRARY"

extern char **environ;

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* Takes every entry that is equal to `entry` out of the list in variable `name`, and the variable with the last one. */
static void take_out(const char *name, const char *entry, const char *separators) {
  const char *list = getenv(name);
  if (!list) return;
  char *kept = malloc(strlen(list) + 1);
  size_t at = 0;
  int entries = 0;
  for (const char *from = list;; from++) {
    size_t size = strcspn(from, separators);
    if (size != strlen(entry) || memcmp(from, entry, size) != 0) {
      if (entries++) kept[at++] = separators[0];
      memcpy(kept + at, from, size);
      at += size;
    }
    from += size;
    if (!*from) break;
  }
  kept[at] = 0;
  if (entries) setenv(name, kept, 1);
  else unsetenv(name);
  free(kept);
}

/* The program of our name behind us on PATH; never ourselves, by whatever link. */
static const char *find_behind(const char *name) {
  static char path[PATH_MAX];
  struct stat own, found;
  if (stat("/proc/self/exe", &own) != 0) return NULL;
  const char *list = getenv("PATH");
  for (const char *from = list ? list : "";; from++) {
    size_t size = strcspn(from, ":");
    if (size + strlen(name) + 2 <= sizeof path) {
      memcpy(path, from, size);
      if (size) path[size] = '/';
      strcpy(path + size + (size > 0), name);
      if (stat(path, &found) == 0 && S_ISREG(found.st_mode) && access(path, X_OK) == 0 &&
          !(found.st_dev == own.st_dev && found.st_ino == own.st_ino))
        return path;
    }
    from += size;
    if (!*from) return NULL;
  }
}

static int put(int to, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t done = send(to, bytes, size, MSG_NOSIGNAL);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 0;
    bytes += done;
    size -= done;
  }
  return 1;
}

static int get(int from, void *into, size_t size) {
  char *at = into;
  while (size > 0) {
    ssize_t done = read(from, at, size);
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return 0;
    at += done;
    size -= done;
  }
  return 1;
}

/* Where a standard stream is closed, what the compiler says would go to the client. */
static int away_from_streams(int file) {
  if (file < 0 || file > 2) return file;
  int moved = fcntl(file, F_DUPFD, 3);
  close(file);
  return moved;
}

static int dial(const char *place) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s/socket", place) >= sizeof address.sun_path) return -1;
  /* Not closed by exec: its end tells the client when the real compiler has ended. */
  int client = away_from_streams(socket(AF_UNIX, SOCK_STREAM, 0));
  if (client >= 0 && connect(client, (struct sockaddr *)&address, sizeof address) != 0) {
    close(client);
    return -1;
  }
  return client;
}

static size_t size_of(char *const *texts, uint32_t *count) {
  size_t size = 0;
  for (*count = 0; texts[*count]; ++*count) size += strlen(texts[*count]) + 1;
  return size;
}

static char *append(char *at, const char *text) { return stpcpy(at, text) + 1; }

static int ask(int client, char kind, const char *program, char *const argv[]) {
  char directory[PATH_MAX];
  uint32_t words, variables;
  if (!getcwd(directory, sizeof directory)) return 0;
  size_t size = size_of(argv, &words) + size_of(environ, &variables) + strlen(directory) + strlen(program) + 2;
  mode_t mask = umask(0);
  umask(mask);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  uint64_t asked = now.tv_sec * 1000000000ull + now.tv_nsec;
  uint32_t head[7] = {(uint32_t)(sizeof head - sizeof *head + size), (uint32_t)kind, mask, words, variables};
  memcpy(head + 5, &asked, sizeof asked);
  char *question = malloc(sizeof head + size);
  if (!question) return 0;
  memcpy(question, head, sizeof head);
  char *at = append(append(question + sizeof head, directory), program);
  for (uint32_t i = 0; i < words; i++) at = append(at, argv[i]);
  for (uint32_t i = 0; i < variables; i++) at = append(at, environ[i]);
  return put(client, question, at - question);
}

/* Exits with the client's answer, if it is one. */
static void answered(int client) {
  char kind;
  uint32_t head[2];
  if (!get(client, &kind, 1) || kind != 'd' || !get(client, head, sizeof head)) return;
  char buffer[1 << 16];
  for (uint32_t left = head[1]; left > 0;) {
    size_t size = left < sizeof buffer ? left : sizeof buffer;
    if (!get(client, buffer, size)) break;
    for (size_t at = 0; at < size;) {
      ssize_t done = write(2, buffer + at, size - at);
      if (done < 0 && errno == EAGAIN) {
        struct pollfd reader = {.fd = 2, .events = POLLOUT};
        poll(&reader, 1, -1);
        continue;
      }
      if (done < 0 && errno != EINTR) break;
      if (done > 0) at += done;
    }
    left -= size;
  }
  exit(head[0]);
}

/* Past the preload library, which a dynamic stub has in itself: it would put us in our own place. */
static int become(const char *program, char *const argv[]) {
  syscall(SYS_execve, program, argv, environ);
  int fault = errno;
  if (fault == ENOEXEC) {
    /* A script that does not say by what: by the shell, as execvp() and shells do it. */
    size_t words = 0;
    while (argv[words]) words++;
    char **script = malloc((words + 2) * sizeof *script);
    script[0] = "/bin/sh";
    script[1] = (char *)program;
    for (size_t i = 1; i <= words; i++) script[i + 1] = argv[i];
    if (words == 0) script[2] = NULL;
    syscall(SYS_execve, script[0], script, environ);
  }
  fprintf(stderr, "%s: %s\n", program, strerror(fault));
  return fault == ENOENT ? 127 : 126;
}

int main(int argc, char *argv[]) {
  const char *place = getenv(PLACE), *given = getenv(PROGRAM), *library = getenv(LIBRARY);
  char *program = given ? strdup(given) : NULL;
  char folder[PATH_MAX];
  if (argc < 1) return 127;
  if (!program) {
    /* argv[0] may be any text; what was started is a link of ours, or a program of that name. */
    const char *started = (const char *)getauxval(AT_EXECFN);
    const char *found = find_behind(base_name(started ? started : argv[0]));
    if (!found) {
      fprintf(stderr, "%s: command not found\n", argv[0]);
      return 127;
    }
    program = strdup(found);
    if (place && (size_t)snprintf(folder, sizeof folder, "%s/bin", place) < sizeof folder) take_out("PATH", folder, ":");
  }
  const char *name = base_name(program);
  int is_make = strcmp(name, "make") == 0 || strcmp(name, "gmake") == 0;
  unsetenv(PROGRAM);
  int client = place ? dial(place) : -1;
  if (is_make) {
    char heard;
    if (client >= 0) {
      if (ask(client, 'm', program, argv)) get(client, &heard, 1);
      close(client);
    }
    return become(program, argv);
  }
  int is_compile = 0;
  for (int i = 1; i < argc; i++) is_compile |= strcmp(argv[i], "-c") == 0;
  /* The client sees the variables that the compiler is to have. */
  if (library) take_out("LD_PRELOAD", library, ": ");
  unsetenv(LIBRARY);
  unsetenv(PLACE);
  if (client >= 0 && is_compile && ask(client, 'c', program, argv)) answered(client);
  return become(program, argv);
}
