/* SPDX-License-Identifier: Apache-2.0 */
/* Programs that die for one reason each: cases NAME. Whatever a compiler could see through is
 * volatile, for the same thing must happen at every optimisation. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <fenv.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct node {
    char padding[0x18];
    long value;
    long list[8];
};

static volatile uintptr_t zero;
static volatile long one = 1, sink;

static void *__attribute__((noinline)) pointer(uintptr_t value)
{
    return (void *)(zero + value);
}

/* --- NULL --- */

static void null_read(void)
{
    sink = *(volatile long *)pointer(0);
}

static void null_write(void)
{
    *(volatile int *)pointer(0) = 1;
}

static void null_member(void)
{
    sink = ((volatile struct node *)pointer(0))->value;
}

static void null_element(void)
{
    volatile char *list = pointer(0);
    volatile long at = 4 + (long)zero;

    list[at] = 1;
}

static void null_string(void)
{
    sink = (long)strlen(pointer(0));
}

static void null_copy(void)
{
    static char from[64];

    memcpy(pointer(0), from, sizeof from - zero);
}

static void null_call(void)
{
    ((void (*volatile)(void))pointer(0))();
    sink++;
}

static void null_call_tail(void)
{
    ((void (*)(void))pointer(0))();
}

/* --- Pointers that are none --- */

static void unmapped(void)
{
    sink = *(volatile long *)pointer(0x123456789000);
}

static void jump_unmapped(void)
{
    ((void (*volatile)(void))pointer(0x123456789000))();
    sink++;
}

static void jump_text(void)
{
    ((void (*volatile)(void))pointer(0x4847464544434241))();
    sink++;
}

static void non_canonical(void)
{
    sink = *(volatile long *)pointer(0x8123456789abcdef);
}

static void text(void)
{
    sink = ((volatile struct node *)pointer(0x4847464544434241))->value;
}

static void text_short(void)
{
    *(volatile char *)pointer(0x706f6c6c6568) = 1; /* "hellop" */
}

static void poison_deadbeef(void)
{
    sink = ((volatile struct node *)pointer(0xdeadbeef))->value;
}

static void poison_jemalloc(void)
{
    sink = ((volatile struct node *)pointer(0x5a5a5a5a5a5a5a5a))->value;
}

static void poison_call(void)
{
    ((void (*volatile)(void))pointer(0xbebebebebebebebe))();
    sink++;
}

static void map_failed(void)
{
    char *p = mmap(NULL, zero, PROT_READ, MAP_PRIVATE, -1, 0); /* no bytes: fails */

    sink = ((volatile struct node *)p)->value;
}

/* --- What is not code --- */

static void execute_heap(void)
{
    char *p = malloc(64);

    memset(p, 0xc3, 64);
    ((void (*volatile)(void))p)();
    sink++;
}

static void execute_stack(void)
{
    volatile char code[64];

    code[0] = (char)0xc3;
    ((void (*volatile)(void))code)();
    sink++;
}

/* Over the return address and what is above it, as an array that is written too far does. */
static void __attribute__((noinline, no_stack_protector)) overwrite(uintptr_t value)
{
    volatile uintptr_t *frame = __builtin_frame_address(0);

    frame[1] = value;
    frame[2] = value;
    frame[3] = value;
}

static void smashed_return(void)
{
    overwrite(0x123456789000);
    sink++;
}

static void smashed_return_text(void)
{
    overwrite(0x4141414141414141);
    sink++;
}

/* --- Memory that is there --- */

static void read_only_string(void)
{
    volatile char *s = (volatile char *)(uintptr_t) "constant";

    s[zero] = 'C';
}

static void read_only_code(void)
{
    *(volatile char *)(uintptr_t)&null_read = 1;
}

static void read_only_page(void)
{
    volatile char *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    p[100] = 1;
}

static void no_access(void)
{
    volatile char *p = mmap(NULL, 1 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    sink = p[5000];
}

static void past_end(void)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    volatile char *at = p;

    munmap(p + 4096, 4096);
    for (;; at++)
        *at = 1;
}

static void file_end(void)
{
    char name[] = "/tmp/corral-cause-XXXXXX";
    int fd = mkstemp(name);

    unlink(name);
    if (ftruncate(fd, 4096) < 0)
        return;
    volatile char *p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0);

    sink = p[4096];
}

static void misaligned_vector(void)
{
    static char space[64] __attribute__((aligned(16)));

    __asm__ volatile("movaps (%0), %%xmm0" ::"r"(space + 1 + zero) : "xmm0", "memory");
}

static void misaligned_flag(void)
{
    static char space[16] __attribute__((aligned(16)));

    __asm__ volatile("pushf; orl $0x40000, (%%rsp); popf; movl 1(%0), %%eax" ::"r"(space) : "rax", "memory");
}

/* --- Stacks --- */

static long __attribute__((noinline)) deeper(long n)
{
    volatile long local[16];

    local[n & 15] = n;
    return deeper(n + one) + local[n & 15];
}

static void stack_overflow(void)
{
    sink = deeper(0);
}

static void *overflow_thread(void *arg)
{
    sink = deeper(0);
    return arg;
}

static void stack_overflow_thread(void)
{
    pthread_attr_t a;
    pthread_t t;

    pthread_attr_init(&a);
    pthread_attr_setstacksize(&a, 256 << 10);
    pthread_create(&t, &a, overflow_thread, NULL);
    pthread_join(t, NULL);
}

static void __attribute__((noinline)) large_frame(void)
{
    volatile char array[32 << 20];

    array[(size_t)one] = 1;
    sink = array[(size_t)one];
}

/* --- Instructions --- */

static void divide(void)
{
    sink = 5 / (long)zero;
}

static void divide_int(void)
{
    volatile int a = 7, b = (int)zero;

    sink = a % b;
}

static void divide_overflow(void)
{
    volatile int a = -2147483647 - 1, b = -(int)one;

    sink = a / b;
}

static void floating(void)
{
    volatile double a = 1, b = (double)zero;

    feenableexcept(FE_DIVBYZERO | FE_INVALID);
    a = a / b;
    sink = (long)a;
}

static void floating_invalid(void)
{
    volatile double a = (double)zero, b = (double)zero;

    feenableexcept(FE_DIVBYZERO | FE_INVALID);
    a = a / b;
    sink = (long)a;
}

static void trap(void)
{
    __builtin_trap();
}

static void breakpoint(void)
{
    __asm__ volatile("int3");
}

static void illegal(void)
{
    __asm__ volatile(".byte 0x06");
}

static void privileged(void)
{
    __asm__ volatile("hlt");
}

static void privileged_port(void)
{
    __asm__ volatile("outb %%al, $0x80" ::"a"(0));
}

/* --- What the C library finds --- */

static void assertion(void)
{
    assert(one == 2);
}

static void double_free(void)
{
    void *volatile p = malloc(24);

    free(p);
    free(p);
}

static void invalid_free(void)
{
    char *volatile p = malloc(64);

    free(p + 16 * one);
}

static void heap_corruption(void)
{
    static char *volatile p, *volatile q;

    p = malloc(4000);
    q = malloc(4000);
    for (size_t i = 0; i < 4000 + 24 * (size_t)one; i++)
        ((volatile char *)p)[i] = 0x41;
    free(q);
}

static void __attribute__((noinline)) write_array(const char *text, size_t n)
{
    char array[16];

    for (size_t i = 0; i < n; i++)
        ((volatile char *)array)[i] = text[i % 4];
    sink = array[1];
}

static void stack_smashed(void)
{
    write_array("abcd", 200 * (size_t)one);
}

static void fortify(void)
{
    char array[8];
    volatile size_t n = 64;

    sink = (long)snprintf(NULL, 0, "%d", 1);
    __builtin___memset_chk(array, 1, n, sizeof array);
    sink = array[1];
}

static void abort_plain(void)
{
    abort();
}

/* --- Signals --- */

static void raised(void)
{
    raise(SIGSEGV);
}

static void raised_abort(void)
{
    kill(getpid(), SIGABRT);
}

static void sent(void)
{
    pid_t parent = getpid();

    if (fork() == 0) {
        kill(parent, SIGSEGV);
        _exit(0);
    }
    for (;;)
        pause();
}

static void timer(void)
{
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGQUIT};
    const struct itimerspec soon = {.it_value = {.tv_nsec = 1000000}};
    timer_t t;

    timer_create(CLOCK_MONOTONIC, &e, &t);
    timer_settime(t, 0, &soon, NULL);
    for (;;)
        pause();
}

static void cpu_limit(void)
{
    const struct rlimit one_second = {1, 5};

    setrlimit(RLIMIT_CPU, &one_second);
    for (;;)
        sink++;
}

static void file_limit(void)
{
    const rlim_t limit = 64 << 20; /* of the core, too */
    char name[] = "/tmp/corral-cause-XXXXXX";
    int fd = mkstemp(name);

    unlink(name);
    setrlimit(RLIMIT_FSIZE, &(const struct rlimit){limit, limit});
    sink = pwrite(fd, name, 1, (off_t)limit);
}

static void seccomp(void)
{
    struct sock_filter f[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog p = {sizeof f / sizeof f[0], f};

    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p);
    syscall(SYS_sethostname, "x", 1L);
}

/* --- Handlers --- */

static void give_up(int signal)
{
    (void)signal;
    abort();
}

static void raise_again(int number)
{
    signal(number, SIG_DFL);
    raise(number);
}

static void handled_abort(void)
{
    signal(SIGSEGV, give_up);
    ((volatile struct node *)pointer(0))->value = 1;
}

static void handled_raise(void)
{
    signal(SIGFPE, raise_again);
    divide();
}

static void handled_altstack(void)
{
    const stack_t s = {.ss_sp = malloc(64 << 10), .ss_size = 64 << 10};
    const struct sigaction a = {.sa_handler = give_up, .sa_flags = SA_ONSTACK};

    sigaltstack(&s, NULL);
    sigaction(SIGSEGV, &a, NULL);
    stack_overflow();
}

/* A signal that was sent is handled, and the handler itself goes wrong. */
static void crash_in_handler(int number)
{
    (void)number;
    sink = *(volatile long *)pointer(0x123456789000);
}

static void handler_crashes(void)
{
    signal(SIGUSR1, crash_in_handler);
    raise(SIGUSR1);
}

static void handler_aborts(void)
{
    signal(SIGUSR1, give_up);
    raise(SIGUSR1);
}

/* --- Nothing to be said --- */

/* A system call's own exception, with an address that no register holds. */
static void int_vector(void)
{
    __asm__ volatile("int $0x21");
}

static void bad_segment(void)
{
    __asm__ volatile("mov %0, %%fs" ::"r"(0x1230));
}

static void frame_of_nothing(void)
{
    __asm__ volatile("mov $0x123456789000, %%rax; mov %%rax, %%rsp; push %%rax" ::: "rax", "memory");
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name) {#name, name}
    CASE(null_read), CASE(null_write), CASE(null_member), CASE(null_element), CASE(null_string),
    CASE(null_copy), CASE(null_call), CASE(null_call_tail), CASE(unmapped), CASE(jump_unmapped),
    CASE(jump_text), CASE(non_canonical), CASE(text), CASE(text_short), CASE(poison_deadbeef),
    CASE(poison_jemalloc), CASE(poison_call), CASE(map_failed), CASE(execute_heap),
    CASE(execute_stack), CASE(smashed_return), CASE(smashed_return_text), CASE(read_only_string),
    CASE(read_only_code), CASE(read_only_page), CASE(no_access), CASE(past_end), CASE(file_end),
    CASE(misaligned_vector), CASE(misaligned_flag), CASE(stack_overflow),
    CASE(stack_overflow_thread), CASE(large_frame), CASE(divide), CASE(divide_int),
    CASE(divide_overflow), CASE(floating), CASE(floating_invalid), CASE(trap), CASE(breakpoint),
    CASE(illegal), CASE(privileged), CASE(privileged_port), CASE(assertion), CASE(double_free),
    CASE(invalid_free), CASE(heap_corruption), CASE(stack_smashed), CASE(fortify),
    CASE(abort_plain), CASE(raised), CASE(raised_abort), CASE(sent), CASE(timer), CASE(cpu_limit),
    CASE(file_limit), CASE(seccomp), CASE(handled_abort), CASE(handled_raise),
    CASE(handled_altstack), CASE(handler_crashes), CASE(handler_aborts), CASE(int_vector),
    CASE(bad_segment), CASE(frame_of_nothing),
};

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (argc > 1 && strcmp(argv[1], cases[i].name) == 0)
            cases[i].run();
    return 2;
}
