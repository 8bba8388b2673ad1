/* SPDX-License-Identifier: (Apache-2.0 OR GPL-2.0-only) */
/* Socket traffic.
 *
 * Calls are counted where they end, in the process that made them: what would have blocked (EAGAIN) and what was only
 * looked at (MSG_PEEK) moved nothing. State of TCP changes in whatever the interrupt hit, so a socket is tied to its
 * process at its first call, by storage that the kernel frees with the socket.
 */
#include "bpf/kernel_types.h"

#include <bpf/bpf_tracing.h>

#include "bpf/net.h"
#define TARGET_HAS_MEMBERS
#include "bpf/target.bpf.h"

char licence[] SEC("license") = "GPL";

__u64 interval = 1;
__u64 lost[NET_LOST_COUNT];
struct net_counter counters[NET_COUNTERS];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, NET_SOCKETS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct net_socket_key);
	__type(value, struct net_calls);
} sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NET_TCPS_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64); /* cookie */
	__type(value, struct net_tcp);
} tcps SEC(".maps");

struct tie {
	__u64 established_ns;
	__u32 role;
	__u32 is_targets; /* its state is in tcps */
};

struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct tie);
} ties SEC(".maps");

static const struct net_tcp no_tcp;

enum {
	STATE_ESTABLISHED = 1,
	STATE_SYN_SENT = 2,
	STATE_SYN_RECV = 3,
	STATE_CLOSE = 7,
	SRTT_SHIFT = 3, /* of tcp_sock.srtt_us: eighths */
	NS_PER_US = 1000,
};

/* ---- Calls ---- */

static __always_inline void name_socket(struct sock *sk, struct net_calls *c)
{
	c->family = sk->__sk_common.skc_family;
	c->protocol = sk->sk_protocol;
	if (c->family != NET_FAMILY_INET && c->family != NET_FAMILY_INET6)
		return;
	c->local_port = sk->__sk_common.skc_num;
	c->remote_port = __builtin_bswap16(sk->__sk_common.skc_dport);
	if (c->family == NET_FAMILY_INET) {
		c->local[0] = sk->__sk_common.skc_rcv_saddr;
		c->remote[0] = sk->__sk_common.skc_daddr;
		return;
	}
	for (int i = 0; i < 4; i++) {
		c->local[i] = sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr32[i];
		c->remote[i] = sk->__sk_common.skc_v6_daddr.in6_u.u6_addr32[i];
	}
}

static __always_inline void tie_tcp(struct sock *sk, struct net_calls *fresh, __u64 cookie)
{
	struct tie *tie = bpf_sk_storage_get(&ties, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	struct net_tcp *tcp;

	if (!tie || bpf_map_update_elem(&tcps, &cookie, &no_tcp, BPF_NOEXIST)) {
		/* A second process that shares the socket finds it tied already. */
		if (!tie || !tie->is_targets)
			__sync_fetch_and_add(&lost[NET_LOST_TCPS], 1);
		if (tie)
			fresh->role = tie->role;
		return;
	}
	fresh->role = tie->role;
	tcp = bpf_map_lookup_elem(&tcps, &cookie);
	if (tcp)
		tcp->first_ns = tie->established_ns ? tie->established_ns : bpf_ktime_get_ns();
	tie->is_targets = 1;
}

static __noinline int meet_socket(struct sock *sk, struct net_socket_key *key)
{
	struct net_calls fresh = {};

	if (!sk || !key)
		return 0;
	name_socket(sk, &fresh);
	if (fresh.protocol == NET_PROTOCOL_TCP && fresh.family != NET_FAMILY_UNIX)
		tie_tcp(sk, &fresh, key->cookie);
	bpf_map_update_elem(&sockets, key, &fresh, BPF_NOEXIST);
	return 0;
}

static __always_inline struct net_calls *calls_of(struct sock *sk, struct net_socket_key *key)
{
	struct net_calls *c = bpf_map_lookup_elem(&sockets, key);

	if (c)
		return c;
	meet_socket(sk, key);
	c = bpf_map_lookup_elem(&sockets, key);
	if (!c)
		__sync_fetch_and_add(&lost[NET_LOST_SOCKETS], 1);
	return c;
}

static __always_inline void take_counter(const struct net_socket_key *key)
{
	struct net_counter *own = &counters[net_counter_of(key->cookie, key->tgid) & (NET_COUNTERS - 1)];

	if (own->is_taken || __sync_val_compare_and_swap(&own->is_taken, 0, 1))
		return;
	own->tgid = key->tgid;
	barrier();
	own->cookie = key->cookie;
}

/* way: 0 out, 1 in. */
static __always_inline int count(struct sock *sk, unsigned way, int result, int flags)
{
	struct net_socket_key key = {};
	struct net_calls *c;
	struct net_counter *own;

	if (result <= 0 || flags & NET_FLAG_PEEK || !may_be_target())
		return 0;
	key.cookie = (__u64)sk->__sk_common.skc_cookie.counter;
	key.tgid = current_tgid();
	own = &counters[net_counter_of(key.cookie, key.tgid) & (NET_COUNTERS - 1)];
	if (key.cookie && own->cookie == key.cookie && own->tgid == key.tgid) {
		__sync_fetch_and_add(&own->n_bytes[way], (__u64)result);
		__sync_fetch_and_add(&own->n_calls[way], 1);
		return 0;
	}
	if (!is_current_target())
		return 0;
	key.cookie = bpf_get_socket_cookie(sk);
	c = calls_of(sk, &key);
	if (!c)
		return 0;
	c->n_bytes[way] += (__u64)result;
	c->n_calls[way]++;
	take_counter(&key);
	return 0;
}

static __always_inline int sent(struct sock *sk, int result)
{
	return count(sk, 0, result, 0);
}

static __always_inline int received(struct sock *sk, int result, int flags)
{
	return count(sk, 1, result, flags);
}

SEC("tp_btf/sock_send_length")
int COUNTED_PROG(on_send, struct sock *sk, int result, int flags)
{
	return sent(sk, result);
}

SEC("tp_btf/sock_recv_length")
int COUNTED_PROG(on_receive, struct sock *sk, int result, int flags)
{
	return received(sk, result, flags);
}

/* Where there are no such tracepoints, what the calls end in; user space loads these or those. The calls' own functions
 * are not there to hang on: the compiler has put them into their callers. */
#define CALLS_OF(family, who)                                                                                          \
	SEC("fexit/" #family "_sendmsg")                                                                               \
	int COUNTED_PROG(on_##who##_send, struct socket *socket, struct msghdr *message, unsigned long n, int result)  \
	{                                                                                                              \
		struct sock *sk = socket->sk;                                                                          \
                                                                                                                       \
		return sk ? sent(sk, result) : 0;                                                                      \
	}                                                                                                              \
	SEC("fexit/" #family "_recvmsg")                                                                               \
	int COUNTED_PROG(on_##who##_recv, struct socket *socket, struct msghdr *message, unsigned long n, int flags,   \
	                 int result)                                                                                   \
	{                                                                                                              \
		struct sock *sk = socket->sk;                                                                          \
                                                                                                                       \
		return sk ? received(sk, result, flags) : 0;                                                           \
	}

CALLS_OF(inet, inet)
CALLS_OF(inet6, inet6)
CALLS_OF(unix_stream, stream)
CALLS_OF(unix_dgram, dgram)

/* ---- TCP's own view ---- */

static __always_inline struct net_tcp *tcp_of(struct sock *sk)
{
	struct tie *tie = bpf_sk_storage_get(&ties, sk, 0, 0);
	__u64 cookie;

	if (!tie || !tie->is_targets)
		return 0;
	cookie = bpf_get_socket_cookie(sk);
	return bpf_map_lookup_elem(&tcps, &cookie);
}

static __always_inline void take_state(struct net_tcp *t, struct tcp_sock *tp)
{
	t->n_acked_bytes = tp->bytes_acked;
	t->n_received_bytes = tp->bytes_received;
	t->n_retransmits = tp->total_retrans;
	t->window = tp->snd_cwnd;
}

SEC("tp_btf/tcp_probe")
int COUNTED_PROG(on_segment, struct sock *sk)
{
	struct net_tcp *t = tcp_of(sk);
	struct tcp_sock *tp = t ? bpf_skc_to_tcp_sock(sk) : 0;
	__u32 srtt;

	if (!t || !tp)
		return 0;
	take_state(t, tp);
	srtt = tp->srtt_us >> SRTT_SHIFT;
	if (srtt)
		hist_add(&t->rtt, (__u64)srtt * NS_PER_US, interval);
	return 0;
}

/* Who connects calls from the process; who accepts gets a socket that an interrupt made. */
static __always_inline void begin(struct sock *sk, int old_state, int new_state)
{
	struct tie *tie;

	if (new_state == STATE_SYN_SENT && !is_current_target())
		return;
	tie = bpf_sk_storage_get(&ties, sk, 0, old_state == STATE_SYN_SENT ? 0 : BPF_SK_STORAGE_GET_F_CREATE);
	if (!tie)
		return;
	if (new_state == STATE_SYN_SENT)
		tie->role = NET_ROLE_CLIENT;
	else if (old_state == STATE_SYN_RECV)
		tie->role = NET_ROLE_SERVER;
	if (new_state == STATE_ESTABLISHED)
		tie->established_ns = bpf_ktime_get_ns();
}

SEC("tp_btf/inet_sock_set_state")
int COUNTED_PROG(on_state, struct sock *sk, int old_state, int new_state)
{
	struct net_tcp *t;
	struct tcp_sock *tp;

	if (sk->sk_protocol != NET_PROTOCOL_TCP)
		return 0;
	if (new_state == STATE_SYN_SENT || new_state == STATE_ESTABLISHED)
		begin(sk, old_state, new_state);
	if (new_state != STATE_CLOSE)
		return 0;
	t = tcp_of(sk);
	tp = t ? bpf_skc_to_tcp_sock(sk) : 0;
	if (!t || !tp)
		return 0;
	take_state(t, tp);
	t->closed_ns = bpf_ktime_get_ns();
	return 0;
}
