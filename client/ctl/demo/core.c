/* SPDX-License-Identifier: Apache-2.0 */
#include "client/ctl/demo/core.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/cleanup.h"
#include "common/base/io.h"
#include "common/base/str.h"

#define NOTES_MAX  (1u << 20)
#define MAPS_MAX   512 /* of a small program */
#define PAGE_SIZE_ 4096u
#define AUXV_MAX   4096
#define REGION_MAX (64u << 20) /* bytes of one; a larger one is none of a small program */

struct map {
    uint64_t start, end, offset;
    unsigned flags;   /* PF_… */
    uint64_t dumped;  /* bytes of it that are in the core */
    const char *path; /* NULL: of no file */
};

struct held {
    pid_t pid;
    const pid_t *threads;
    size_t n_threads;
    struct map maps[MAPS_MAX];
    size_t n_maps;
    struct arena arena;
    struct buf notes;
};

/* --- Memory --- */

static int open_proc(const struct held *h, const char *name)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)h->pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* As the kernel chooses: what the process may have changed, and of files their ELF headers. */
static uint64_t bytes_dumped(const struct map *m, const char *permissions)
{
    if (permissions[0] != 'r')
        return 0;
    if (m->path && permissions[1] != 'w')
        return m->offset == 0 ? PAGE_SIZE_ : 0;
    return m->end - m->start <= REGION_MAX ? m->end - m->start : 0;
}

static int add_map(struct held *h, const char *line)
{
    char permissions[5] = "", path[PATH_MAX] = "";
    struct map m = {0};

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %4095[^\n]", &m.start, &m.end,
               permissions, &m.offset, path) < 4)
        return -EBADMSG;
    if (strcmp(path, "[vvar]") == 0 || strcmp(path, "[vsyscall]") == 0 ||
        cstr_starts(path, "[vvar"))
        return 0; /* the kernel's own, which nobody can read */
    if (h->n_maps == MAPS_MAX)
        return -E2BIG;
    m.path = path[0] == '/' ? arena_strdup(&h->arena, path) : NULL;
    m.flags = (permissions[0] == 'r' ? PF_R : 0u) | (permissions[1] == 'w' ? PF_W : 0u) |
              (permissions[2] == 'x' ? PF_X : 0u);
    m.dumped = bytes_dumped(&m, permissions);
    h->maps[h->n_maps++] = m;
    return 0;
}

static int read_maps(struct held *h)
{
    _cleanup_fd_ int fd = open_proc(h, "maps");
    _cleanup_file_ FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
    char line[PATH_MAX + 256];
    int r = 0;

    if (!file)
        return fd < 0 ? fd : -errno;
    fd = -1;
    while (r == 0 && fgets(line, sizeof(line), file))
        r = add_map(h, line);
    return r;
}

/* --- Notes --- */

static void pad(struct buf *b)
{
    while (b->len % 4)
        buf_addc(b, '\0');
}

static void add_note(struct held *h, uint32_t type, const void *p, size_t n)
{
    const Elf64_Nhdr head = {.n_namesz = 5, .n_descsz = (uint32_t)n, .n_type = type};

    buf_add(&h->notes, (const char *)&head, sizeof(head));
    buf_add(&h->notes, "CORE\0\0\0", 8);
    buf_add(&h->notes, p, n);
    pad(&h->notes);
}

static int get_registers(pid_t tid, int set, void *p, size_t *n)
{
    struct iovec v = {p, *n};

    if (ptrace(PTRACE_GETREGSET, tid, (void *)(intptr_t)set, &v) < 0)
        return -errno;
    *n = v.iov_len;
    return 0;
}

static int add_thread(struct held *h, pid_t tid, int signal)
{
    struct elf_prstatus status = {.pr_pid = tid, .pr_ppid = getpid(), .pr_fpvalid = 1};
    size_t n = sizeof(status.pr_reg);
    int r = get_registers(tid, NT_PRSTATUS, &status.pr_reg, &n);

    status.pr_cursig = (short)signal;
    status.pr_info.si_signo = signal;
    if (r == 0)
        add_note(h, NT_PRSTATUS, &status, sizeof(status));
    return r;
}

static int add_vectors(struct held *h, pid_t tid)
{
    elf_fpregset_t set;
    size_t n = sizeof(set);
    int r = get_registers(tid, NT_PRFPREG, &set, &n);

    if (r == 0)
        add_note(h, NT_PRFPREG, &set, n);
    return r;
}

static void add_process(struct held *h)
{
    const char *path = h->n_maps > 0 && h->maps[0].path ? h->maps[0].path : "";
    const char *slash = strrchr(path, '/');
    struct elf_prpsinfo info = {.pr_pid = h->pid, .pr_ppid = getpid(), .pr_sname = 'R'};

    strncpy(info.pr_fname, slash ? slash + 1 : path, sizeof(info.pr_fname) - 1);
    strncpy(info.pr_psargs, path, sizeof(info.pr_psargs) - 1);
    add_note(h, NT_PRPSINFO, &info, sizeof(info));
}

static int add_auxv(struct held *h)
{
    _cleanup_fd_ int fd = open_proc(h, "auxv");
    char auxv[AUXV_MAX];
    ssize_t n = fd < 0 ? fd : io_read(fd, auxv, sizeof(auxv));

    if (n > 0)
        add_note(h, NT_AUXV, auxv, (size_t)n);
    return n < 0 ? (int)n : 0;
}

static void add_number(struct buf *b, uint64_t n)
{
    buf_add(b, (const char *)&n, sizeof(n));
}

static void add_files(struct held *h)
{
    _cleanup_buf_ struct buf b = BUF_INIT(NOTES_MAX);
    uint64_t n = 0;

    for (size_t i = 0; i < h->n_maps; i++)
        n += h->maps[i].path != NULL;
    add_number(&b, n);
    add_number(&b, PAGE_SIZE_);
    for (size_t i = 0; i < h->n_maps; i++)
        if (h->maps[i].path) {
            add_number(&b, h->maps[i].start);
            add_number(&b, h->maps[i].end);
            add_number(&b, h->maps[i].offset / PAGE_SIZE_);
        }
    for (size_t i = 0; i < h->n_maps; i++)
        if (h->maps[i].path)
            buf_add(&b, h->maps[i].path, strlen(h->maps[i].path) + 1);
    if (!buf_error(&b))
        add_note(h, NT_FILE, b.data, b.len);
}

/* In the kernel's order: the thread that died, the process, then the others. */
static int make_notes(struct held *h)
{
    siginfo_t info;
    int r;

    if (ptrace(PTRACE_GETSIGINFO, h->threads[0], NULL, &info) < 0)
        return -errno;
    r = add_thread(h, h->threads[0], info.si_signo);
    add_process(h);
    add_note(h, NT_SIGINFO, &info, sizeof(info));
    if (r == 0)
        r = add_auxv(h);
    add_files(h);
    if (r == 0)
        r = add_vectors(h, h->threads[0]);
    for (size_t i = 1; i < h->n_threads && r == 0; i++)
        r = add_thread(h, h->threads[i], 0);
    return r ? r : buf_error(&h->notes);
}

/* --- The file --- */

static int write_head(const struct held *h, int fd, uint64_t data)
{
    Elf64_Phdr p = {.p_type = PT_NOTE, .p_filesz = h->notes.len};
    _cleanup_fd_ int exe = open_proc(h, "exe");
    Elf64_Ehdr head;
    int r;

    if (exe < 0 || io_read(exe, &head, sizeof(head)) != (ssize_t)sizeof(head))
        return exe < 0 ? exe : -EIO;
    head = (Elf64_Ehdr){.e_type = ET_CORE,
                        .e_machine = head.e_machine,
                        .e_version = EV_CURRENT,
                        .e_phoff = sizeof(head),
                        .e_ehsize = sizeof(head),
                        .e_phentsize = sizeof(p),
                        .e_phnum = (Elf64_Half)(h->n_maps + 1)};
    memcpy(head.e_ident, ELFMAG, SELFMAG);
    head.e_ident[EI_CLASS] = ELFCLASS64;
    head.e_ident[EI_DATA] = ELFDATA2LSB;
    head.e_ident[EI_VERSION] = EV_CURRENT;
    p.p_offset = sizeof(head) + sizeof(p) * (h->n_maps + 1);
    r = io_write(fd, &head, sizeof(head));
    if (r == 0)
        r = io_write(fd, &p, sizeof(p));
    for (size_t i = 0; i < h->n_maps && r == 0; i++) {
        const struct map *m = &h->maps[i];

        p = (Elf64_Phdr){.p_type = PT_LOAD,
                         .p_flags = m->flags,
                         .p_offset = data,
                         .p_vaddr = m->start,
                         .p_filesz = m->dumped,
                         .p_memsz = m->end - m->start,
                         .p_align = PAGE_SIZE_};
        data += m->dumped;
        r = io_write(fd, &p, sizeof(p));
    }
    return r ? r : io_write(fd, h->notes.data, h->notes.len);
}

/* A page that can't be read stays a hole. */
static int write_memory(const struct held *h, int fd, uint64_t data)
{
    _cleanup_fd_ int memory = open_proc(h, "mem");
    char page[PAGE_SIZE_];

    if (memory < 0)
        return memory;
    for (size_t i = 0; i < h->n_maps; data += h->maps[i++].dumped)
        for (uint64_t at = 0; at < h->maps[i].dumped; at += PAGE_SIZE_) {
            ssize_t n = pread(memory, page, PAGE_SIZE_, (off_t)(h->maps[i].start + at));

            if (n > 0 && pwrite(fd, page, (size_t)n, (off_t)(data + at)) != n)
                return -errno;
        }
    return ftruncate(fd, (off_t)data) < 0 ? -errno : 0;
}

static int write_core(struct held *h, int fd)
{
    uint64_t data = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr) * (h->n_maps + 1) + h->notes.len;
    int r;

    data = (data + PAGE_SIZE_ - 1) / PAGE_SIZE_ * PAGE_SIZE_;
    r = write_head(h, fd, data);
    return r ? r : write_memory(h, fd, data);
}

int core_of_held(pid_t pid, const pid_t *threads, size_t n, int *ret_fd)
{
    _cleanup_fd_ int fd = memfd_create("core", MFD_CLOEXEC);
    _cleanup_free_ struct held *h = calloc(1, sizeof(*h));
    int r;

    if (fd < 0 || !h)
        return -errno;
    *h = (struct held){.pid = pid, .threads = threads, .n_threads = n};
    h->notes = (struct buf)BUF_INIT(NOTES_MAX);
    r = read_maps(h);
    if (r == 0)
        r = make_notes(h);
    if (r == 0)
        r = write_core(h, fd);
    buf_fini(&h->notes);
    arena_fini(&h->arena);
    if (r == 0)
        *ret_fd = TAKE_FD(fd);
    return r;
}
