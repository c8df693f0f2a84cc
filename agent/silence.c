/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A seccomp filter: the system calls by which a process reaches another, the network or a new program end
 * with EPERM. What is refused is a table; all else a parser needs is left, because what a C library calls
 * is its own business.
 */
#include "config.h"

#include "silence.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define OUR_ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define OUR_ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

#ifdef OUR_ARCHITECTURE

#define REFUSE BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
#define LOAD(field) BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, field))
/* Skips the refusal that follows unless the call is @number. */
#define REFUSE_CALL(number) BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), REFUSE

static struct sock_filter filter[] = {
  LOAD (arch),
  BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0),
  REFUSE,
  LOAD (nr),
#ifdef __x86_64__
  BPF_JUMP (BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), /* the same calls by their x32 numbers */
  REFUSE,
#endif
  REFUSE_CALL (__NR_socket),
  REFUSE_CALL (__NR_socketpair),
  REFUSE_CALL (__NR_connect),
  REFUSE_CALL (__NR_execve),
  REFUSE_CALL (__NR_execveat),
  REFUSE_CALL (__NR_ptrace),
  REFUSE_CALL (__NR_process_vm_readv),
  REFUSE_CALL (__NR_process_vm_writev),
  REFUSE_CALL (__NR_kill),
  REFUSE_CALL (__NR_keyctl),
  REFUSE_CALL (__NR_add_key),
  REFUSE_CALL (__NR_request_key),
  REFUSE_CALL (__NR_bpf),
  REFUSE_CALL (__NR_userfaultfd),
#ifdef __NR_io_uring_setup
  REFUSE_CALL (__NR_io_uring_setup), /* opens sockets by another door */
#endif
#ifdef __NR_pidfd_getfd
  REFUSE_CALL (__NR_pidfd_getfd),
#endif
  BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

gboolean
koban_silence (void)
{
  const struct sock_fprog program = { G_N_ELEMENTS (filter), filter };

  return prctl (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

#else

gboolean
koban_silence (void)
{
  return FALSE;
}

#endif
