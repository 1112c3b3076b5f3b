/* A power cut in a bottle: an LD_PRELOAD shim for crash tests (Linux, glibc).
 *
 * It does two things, each switched on by the environment:
 *
 *   CORDON_SHIM_ROOT=/abs/dir     only calls on files below it are looked at (default: all)
 *   CORDON_SHIM_KILL_AT=<n>       SIGKILL ourselves before the n-th fsync/fdatasync (from 1);
 *                      =<n>+      after it
 *   CORDON_SHIM_COUNT=<file>      at exit, write how many fsync/fdatasync there were
 *   CORDON_SHIM_SHADOW=/abs/dir   keep there a copy of ROOT that holds only what is durable
 *                                 (must be an empty directory on the same machine; needs ROOT)
 *   CORDON_SHIM_META=eager|strict when names become durable (default eager)
 *
 * The model of the shadow: what a disk is allowed to hold when the power goes, chosen against the
 * program wherever POSIX and ext4 leave room.
 *
 *   - Written data is durable only for a file whose fsync or fdatasync was entered after the write
 *     returned; so is the size. Nothing is written back by luck.
 *   - sync_file_range makes data durable only inside the size that is durable already, as its manual
 *     says: no metadata.
 *   - Creations, renames, links and removals become durable in the order in which they were made.
 *     eager:  all of them at the next fsync of anything, as in the one journal of ext4. A renamed file
 *             can thus have its name and not its data.
 *     strict: those of one directory at the next fsync of that directory, as POSIX promises and no
 *             more. A synced file can thus have its data and not its name.
 *   - Shrinking a file is such an operation in eager mode; in strict mode it waits for its fsync.
 *
 * With a shadow, fsync itself is not passed on: the kernel's disk is not under test and is slow.
 *
 * Not seen: writes through mmap, io_uring and raw system calls; symbolic links are not copied. A file
 * that was below ROOT before the start is durable to the extent that SHADOW holds it under its name.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real_symbol(#name))

static void *real_symbol(const char *name) {
  void *symbol = dlsym(RTLD_NEXT, name);
  if (!symbol) {
    fprintf(stderr, "powercut: no %s\n", name);
    abort();
  }
  return symbol;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX], shadow[PATH_MAX - 64];
static int strict_names;
static long kill_at, syncs;
static int kill_after;

/* ---- state of the shadow ---- */

#define MAX_RANGES 64
struct file { /* one inode of the real tree */
  dev_t dev;
  ino_t ino;
  long id; /* its durable content is SHADOW.inodes/<id> */
  int ranges;
  struct { off_t from, to; } dirty[MAX_RANGES];
  struct file *next;
};
#define BUCKETS 1024
static struct file *files[BUCKETS];
static long next_id;

enum kind { NAME, MKDIR, RENAME, UNLINK, RMDIR, SHRINK };
struct op {
  enum kind kind;
  char *path, *to; /* relative to ROOT */
  long id;
  off_t size;
  struct op *next;
};
static struct op *ops, **ops_end = &ops;

static void die(const char *what) {
  fprintf(stderr, "powercut: %s: %s\n", what, strerror(errno));
  abort();
}

static void init(void) {
  const char *value = getenv("CORDON_SHIM_ROOT");
  if (value && !realpath(value, root)) snprintf(root, sizeof root, "%s", value);
  value = getenv("CORDON_SHIM_SHADOW");
  if (value && root[0]) {
    char inodes[PATH_MAX];
    if (!realpath(value, inodes) || strlen(inodes) >= sizeof shadow) die(value);
    strcpy(shadow, inodes);
    snprintf(inodes, sizeof inodes, "%s.inodes", shadow);
    if (REAL(mkdir)(inodes, 0700) && errno != EEXIST) die(inodes);
    next_id = (long)getpid() * 1000000;
  }
  value = getenv("CORDON_SHIM_META");
  strict_names = value && !strcmp(value, "strict");
  value = getenv("CORDON_SHIM_KILL_AT");
  if (value) {
    char *end;
    kill_at = strtol(value, &end, 10);
    kill_after = *end == '+';
  }
}

__attribute__((destructor)) static void report(void) {
  const char *value = getenv("CORDON_SHIM_COUNT");
  if (!value) return;
  FILE *out = fopen(value, "w");
  if (!out) return;
  fprintf(out, "%ld\n", syncs);
  fclose(out);
}

/* The path below ROOT of an absolute path, or NULL. */
static const char *below(const char *path) {
  size_t len = strlen(root);
  if (strncmp(path, root, len)) return NULL;
  if (path[len] == '/') return path + len + 1;
  return path[len] ? NULL : path + len;
}

/* Where a name is: its parent resolved, itself not followed. */
static const char *locate(int dir, const char *path, char *out) {
  char joined[PATH_MAX], parent[PATH_MAX];
  if (path[0] != '/') {
    char proc[64], base[PATH_MAX];
    ssize_t n;
    if (dir == AT_FDCWD) {
      if (!getcwd(base, sizeof base)) return NULL;
    } else {
      snprintf(proc, sizeof proc, "/proc/self/fd/%d", dir);
      if ((n = readlink(proc, base, sizeof base - 1)) < 0) return NULL;
      base[n] = 0;
    }
    if (snprintf(joined, sizeof joined, "%s/%s", base, path) >= (int)sizeof joined) return NULL;
  } else if (snprintf(joined, sizeof joined, "%s", path) >= (int)sizeof joined) {
    return NULL;
  }
  size_t len = strlen(joined);
  while (len > 1 && joined[len - 1] == '/') joined[--len] = 0;
  char *slash = strrchr(joined, '/');
  char *name = strdup(slash + 1);
  *(slash == joined ? slash + 1 : slash) = 0;
  char *found = realpath(joined, parent);
  int n = found ? snprintf(out, PATH_MAX, "%s/%s", strcmp(parent, "/") ? parent : "", name) : -1;
  free(name);
  return n > 0 && n < PATH_MAX ? below(out) : NULL;
}

/* The path below ROOT of an open file, or NULL. */
static const char *of_fd(int fd, char *out) {
  char proc[64];
  snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
  ssize_t n = readlink(proc, out, PATH_MAX - 1);
  if (n < 0) return NULL;
  out[n] = 0;
  return root[0] ? below(out) : out;
}

static int in_scope(int fd) {
  char path[PATH_MAX];
  return of_fd(fd, path) != NULL;
}

static int shadow_path(char *out, const char *relative) {
  return snprintf(out, PATH_MAX, "%s/%s", shadow, relative) < PATH_MAX;
}

static void inode_path(char *out, long id) {
  snprintf(out, PATH_MAX, "%s.inodes/%ld", shadow, id);
}

static struct file *enter(dev_t dev, ino_t ino) {
  struct file *file = calloc(1, sizeof *file);
  file->dev = dev, file->ino = ino, file->id = next_id++;
  file->next = files[ino % BUCKETS];
  return files[ino % BUCKETS] = file;
}

static struct file *lookup(dev_t dev, ino_t ino) {
  for (struct file *f = files[ino % BUCKETS]; f; f = f->next)
    if (f->dev == dev && f->ino == ino) return f;
  return NULL;
}

/* The file behind a descriptor. One that was there before us is durable as far as SHADOW has it. */
static struct file *file_of(int fd) {
  struct stat st;
  char path[PATH_MAX], from[PATH_MAX], to[PATH_MAX];
  const char *relative;
  if (!shadow[0] || fstat(fd, &st) || !S_ISREG(st.st_mode)) return NULL;
  struct file *file = lookup(st.st_dev, st.st_ino);
  if (file) return file;
  if (!(relative = of_fd(fd, path))) return NULL;
  file = enter(st.st_dev, st.st_ino);
  inode_path(to, file->id);
  if (!shadow_path(from, relative) || REAL(link)(from, to)) {
    int out = REAL(open)(to, O_CREAT | O_WRONLY, 0600);
    if (out < 0) die(to);
    close(out);
  }
  return file;
}

static void push(enum kind kind, const char *path, const char *to, long id, off_t size) {
  struct op *op = calloc(1, sizeof *op);
  op->kind = kind, op->path = path ? strdup(path) : NULL, op->to = to ? strdup(to) : NULL;
  op->id = id, op->size = size;
  *ops_end = op, ops_end = &op->next;
}

static void mark(struct file *file, off_t from, off_t to) {
  if (from >= to) return;
  for (int i = 0; i < file->ranges; i++) {
    if (from <= file->dirty[i].to && to >= file->dirty[i].from) {
      if (from < file->dirty[i].from) file->dirty[i].from = from;
      if (to > file->dirty[i].to) file->dirty[i].to = to;
      return;
    }
  }
  if (file->ranges == MAX_RANGES) { /* coarser, never less */
    if (from < file->dirty[0].from) file->dirty[0].from = from;
    if (to > file->dirty[0].to) file->dirty[0].to = to;
    return;
  }
  file->dirty[file->ranges].from = from, file->dirty[file->ranges].to = to, file->ranges++;
}

/* ---- what becomes durable ---- */

static void copy_range(int from, int to, off_t start, off_t end) {
  static char buffer[1 << 16];
  while (start < end) {
    size_t want = end - start < (off_t)sizeof buffer ? (size_t)(end - start) : sizeof buffer;
    ssize_t got = pread(from, buffer, want, start);
    if (got <= 0) return;
    if (REAL(pwrite)(to, buffer, got, start) != got) die("shadow write");
    start += got;
  }
}

static int in_dir(const char *path, const char *dir) {
  const char *slash = path ? strrchr(path, '/') : NULL;
  size_t len = slash ? (size_t)(slash - path) : 0;
  return path && strlen(dir) == len && !strncmp(path, dir, len);
}

static void apply(struct op *op) {
  char path[PATH_MAX], to[PATH_MAX];
  if (op->path && !shadow_path(path, op->path)) return;
  if (op->to && !shadow_path(to, op->to)) return;
  switch (op->kind) {
  case NAME: { /* fails when the directory is not durable: neither is the name */
    char fresh[PATH_MAX + 16];
    inode_path(to, op->id);
    snprintf(fresh, sizeof fresh, "%s.inodes/name", shadow);
    REAL(unlink)(fresh);
    if (!REAL(link)(to, fresh)) REAL(rename)(fresh, path);
    break;
  }
  case MKDIR: REAL(mkdir)(path, 0700); break;
  case RENAME: REAL(rename)(path, to); break;
  case UNLINK: REAL(unlink)(path); break;
  case RMDIR: REAL(rmdir)(path); break;
  case SHRINK: {
    struct stat st;
    inode_path(path, op->id);
    if (!stat(path, &st) && st.st_size > op->size) REAL(truncate)(path, op->size);
    break;
  }
  }
}

/* Names: all (dir NULL), or those of one directory. */
static void settle_names(const char *dir) {
  struct op **at = &ops;
  while (*at) {
    struct op *op = *at;
    if (dir && !in_dir(op->path, dir) && !in_dir(op->to, dir)) {
      at = &op->next;
      continue;
    }
    apply(op);
    *at = op->next;
    free(op->path), free(op->to), free(op);
  }
  ops_end = at;
}

static void settle_data(int fd, struct file *file) {
  char path[PATH_MAX], proc[64];
  struct stat st;
  inode_path(path, file->id);
  snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
  int from = REAL(open)(proc, O_RDONLY | O_CLOEXEC);
  int to = REAL(open)(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (from < 0 || to < 0 || fstat(from, &st)) die(path);
  if (REAL(ftruncate)(to, st.st_size)) die(path);
  for (int i = 0; i < file->ranges; i++) copy_range(from, to, file->dirty[i].from, file->dirty[i].to);
  file->ranges = 0;
  close(from), close(to);
}

static void settle_fd(int fd) {
  char path[PATH_MAX];
  struct stat st;
  const char *relative;
  if (!shadow[0] || fstat(fd, &st) || !(relative = of_fd(fd, path))) return;
  struct file *file = file_of(fd);
  if (file) settle_data(fd, file);
  if (!strict_names) settle_names(NULL);
  else if (S_ISDIR(st.st_mode)) settle_names(relative);
}

static int sync_call(int fd, int (*call)(int)) {
  int result = 0;
  pthread_once(&once, init);
  if (!in_scope(fd)) return call(fd);
  pthread_mutex_lock(&lock);
  long number = ++syncs;
  pthread_mutex_unlock(&lock);
  if (kill_at == number && !kill_after) kill(getpid(), SIGKILL);
  if (shadow[0]) {
    pthread_mutex_lock(&lock);
    settle_fd(fd);
    pthread_mutex_unlock(&lock);
  } else {
    result = call(fd);
  }
  if (kill_at == number && kill_after) kill(getpid(), SIGKILL);
  return result;
}

int fsync(int fd) { return sync_call(fd, REAL(fsync)); }
int fdatasync(int fd) { return sync_call(fd, REAL(fdatasync)); }

int sync_file_range(int fd, off64_t offset, off64_t count, unsigned int flags) {
  pthread_once(&once, init);
  int result = REAL(sync_file_range)(fd, offset, count, flags);
  pthread_mutex_lock(&lock);
  struct file *file = result ? NULL : file_of(fd);
  if (file) {
    char path[PATH_MAX], proc[64];
    struct stat st;
    inode_path(path, file->id);
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    int from = REAL(open)(proc, O_RDONLY | O_CLOEXEC);
    int to = REAL(open)(path, O_WRONLY | O_CLOEXEC);
    if (from < 0 || to < 0 || fstat(to, &st)) die(path);
    off_t end = count ? offset + count : st.st_size;
    copy_range(from, to, offset, end < st.st_size ? end : st.st_size);
    close(from), close(to);
  }
  pthread_mutex_unlock(&lock);
  return result;
}

/* ---- writes: marked after they returned, so that no sync can take the mark before the data ---- */

static void wrote_at(int fd, off_t from, ssize_t n) {
  int saved = errno;
  pthread_once(&once, init);
  if (shadow[0] && n > 0) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    if (file) mark(file, from, from + n);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
}

static void wrote(int fd, ssize_t n) {
  int saved = errno;
  pthread_once(&once, init);
  if (shadow[0] && n > 0) wrote_at(fd, lseek(fd, 0, SEEK_CUR) - n, n);
  errno = saved;
}

ssize_t write(int fd, const void *data, size_t len) {
  ssize_t n = REAL(write)(fd, data, len);
  wrote(fd, n);
  return n;
}
ssize_t writev(int fd, const struct iovec *data, int count) {
  ssize_t n = REAL(writev)(fd, data, count);
  wrote(fd, n);
  return n;
}
#define PWRITE(name, type)                                       \
  ssize_t name(int fd, const void *data, size_t len, type at) {  \
    ssize_t n = REAL(name)(fd, data, len, at);                   \
    wrote_at(fd, at, n);                                         \
    return n;                                                    \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)
#define PWRITEV(name, type)                                               \
  ssize_t name(int fd, const struct iovec *data, int count, type at) {    \
    ssize_t n = REAL(name)(fd, data, count, at);                          \
    wrote_at(fd, at, n);                                                  \
    return n;                                                             \
  }
PWRITEV(pwritev, off_t)
PWRITEV(pwritev64, off64_t)

ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t len, unsigned flags) {
  ssize_t n = REAL(copy_file_range)(in, in_at, out, out_at, len, flags);
  if (out_at) wrote_at(out, n > 0 ? *out_at - n : 0, n);
  else wrote(out, n);
  return n;
}
ssize_t sendfile(int out, int in, off_t *at, size_t len);
ssize_t sendfile(int out, int in, off_t *at, size_t len) {
  ssize_t n = REAL(sendfile)(out, in, at, len);
  wrote(out, n);
  return n;
}
ssize_t sendfile64(int out, int in, off64_t *at, size_t len);
ssize_t sendfile64(int out, int in, off64_t *at, size_t len) {
  ssize_t n = REAL(sendfile64)(out, in, at, len);
  wrote(out, n);
  return n;
}
ssize_t splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t len, unsigned flags) {
  ssize_t n = REAL(splice)(in, in_at, out, out_at, len, flags);
  if (out_at) wrote_at(out, n > 0 ? *out_at - n : 0, n);
  else wrote(out, n);
  return n;
}

static int resized(int fd, off_t size, int result) {
  int saved = errno;
  pthread_once(&once, init);
  if (!result && shadow[0]) {
    pthread_mutex_lock(&lock);
    struct file *file = file_of(fd);
    if (file && !strict_names) push(SHRINK, NULL, NULL, file->id, size);
    /* Bytes behind a shrunk end that grows again are zeros, not what the shadow held. */
    if (file) mark(file, size, (off_t)1 << 40);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return result;
}
int ftruncate(int fd, off_t size) { return resized(fd, size, REAL(ftruncate)(fd, size)); }
int ftruncate64(int fd, off64_t size) { return resized(fd, size, REAL(ftruncate64)(fd, size)); }

/* ---- names ---- */

static int opened(int dir, const char *path, int flags, int existed, int fd) {
  int saved = errno;
  char full[PATH_MAX];
  struct stat st;
  pthread_mutex_lock(&lock);
  if (fd >= 0 && shadow[0] && !fstat(fd, &st) && S_ISREG(st.st_mode)) {
    const char *relative = locate(dir, path, full);
    if (relative && (flags & O_CREAT) && !existed) {
      struct file *file = lookup(st.st_dev, st.st_ino);
      char inode[PATH_MAX];
      if (!file) file = enter(st.st_dev, st.st_ino);
      else file->id = next_id++, file->ranges = 0; /* the number of a removed file, used again */
      inode_path(inode, file->id);
      int out = REAL(open)(inode, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
      if (out < 0) die(inode);
      close(out);
      push(NAME, relative, NULL, file->id, 0);
    } else if (relative) {
      struct file *file = file_of(fd);
      if (file && (flags & O_TRUNC)) {
        if (!strict_names) push(SHRINK, NULL, NULL, file->id, 0);
        mark(file, 0, (off_t)1 << 40);
      }
    }
  }
  pthread_mutex_unlock(&lock);
  errno = saved;
  return fd;
}

static int exists(int dir, const char *path) {
  struct stat st;
  int saved = errno, found = !fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW);
  errno = saved;
  return found;
}

#define MODE(flags)                                    \
  mode_t mode = 0;                                     \
  if ((flags) & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) { \
    va_list list;                                      \
    va_start(list, flags);                             \
    mode = va_arg(list, mode_t);                       \
    va_end(list);                                      \
  }
#define OPEN(name)                                                             \
  int name(const char *path, int flags, ...) {                                 \
    MODE(flags)                                                                \
    pthread_once(&once, init);                                                 \
    int existed = shadow[0] && exists(AT_FDCWD, path);                         \
    return opened(AT_FDCWD, path, flags, existed, REAL(name)(path, flags, mode)); \
  }
OPEN(open)
OPEN(open64)
#define OPENAT(name)                                                      \
  int name(int dir, const char *path, int flags, ...) {                   \
    MODE(flags)                                                           \
    pthread_once(&once, init);                                            \
    int existed = shadow[0] && exists(dir, path);                         \
    return opened(dir, path, flags, existed, REAL(name)(dir, path, flags, mode)); \
  }
OPENAT(openat)
OPENAT(openat64)
int creat(const char *path, mode_t mode) { return open(path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

static int same_dir(const char *one, const char *other) {
  const char *slash = other ? strrchr(other, '/') : NULL;
  char dir[PATH_MAX];
  snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - other) : 0, other ? other : "");
  return one && other && in_dir(one, dir);
}

/* The inode of a regular file by its name, or -1. */
static long id_of(int dir, const char *path) {
  int fd = REAL(openat)(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  struct file *file = fd < 0 ? NULL : file_of(fd);
  if (fd >= 0) close(fd);
  return file ? file->id : -1;
}

static int named(enum kind kind, int dir, const char *path, int to_dir, const char *to, int result) {
  int saved = errno;
  char from_full[PATH_MAX], to_full[PATH_MAX];
  if (!result && shadow[0]) {
    pthread_mutex_lock(&lock);
    const char *from = locate(dir, path, from_full);
    const char *target = to ? locate(to_dir, to, to_full) : NULL;
    long id = target && kind == RENAME && !same_dir(from, target) ? id_of(to_dir, to) : -1;
    if (id >= 0) { /* two directories, which may become durable apart */
      push(NAME, target, NULL, id, 0);
      if (from) push(UNLINK, from, NULL, 0, 0);
    } else if (from && (!to || target)) {
      push(kind, from, target, 0, 0);
    }
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return result;
}

int mkdir(const char *path, mode_t mode) {
  pthread_once(&once, init);
  return named(MKDIR, AT_FDCWD, path, 0, NULL, REAL(mkdir)(path, mode));
}
int mkdirat(int dir, const char *path, mode_t mode) {
  pthread_once(&once, init);
  return named(MKDIR, dir, path, 0, NULL, REAL(mkdirat)(dir, path, mode));
}
int unlink(const char *path) {
  pthread_once(&once, init);
  return named(UNLINK, AT_FDCWD, path, 0, NULL, REAL(unlink)(path));
}
int rmdir(const char *path) {
  pthread_once(&once, init);
  return named(RMDIR, AT_FDCWD, path, 0, NULL, REAL(rmdir)(path));
}
int unlinkat(int dir, const char *path, int flags) {
  pthread_once(&once, init);
  enum kind kind = flags & AT_REMOVEDIR ? RMDIR : UNLINK;
  return named(kind, dir, path, 0, NULL, REAL(unlinkat)(dir, path, flags));
}
int rename(const char *from, const char *to) {
  pthread_once(&once, init);
  return named(RENAME, AT_FDCWD, from, AT_FDCWD, to, REAL(rename)(from, to));
}
int renameat(int dir, const char *from, int to_dir, const char *to) {
  pthread_once(&once, init);
  return named(RENAME, dir, from, to_dir, to, REAL(renameat)(dir, from, to_dir, to));
}
int renameat2(int dir, const char *from, int to_dir, const char *to, unsigned int flags) {
  pthread_once(&once, init);
  return named(RENAME, dir, from, to_dir, to, REAL(renameat2)(dir, from, to_dir, to, flags));
}
static int linked(int to_dir, const char *to, int result) {
  int saved = errno;
  char full[PATH_MAX];
  if (!result && shadow[0]) {
    pthread_mutex_lock(&lock);
    const char *target = locate(to_dir, to, full);
    long id = target ? id_of(to_dir, to) : -1;
    if (id >= 0) push(NAME, target, NULL, id, 0);
    pthread_mutex_unlock(&lock);
  }
  errno = saved;
  return result;
}
int link(const char *from, const char *to) {
  pthread_once(&once, init);
  return linked(AT_FDCWD, to, REAL(link)(from, to));
}
int linkat(int dir, const char *from, int to_dir, const char *to, int flags) {
  pthread_once(&once, init);
  return linked(to_dir, to, REAL(linkat)(dir, from, to_dir, to, flags));
}
