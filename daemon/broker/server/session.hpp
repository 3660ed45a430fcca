// One connection: a coroutine that moves bytes and makes calls of them, answers in call order, and notices when the peer is gone.
// Kept alive by its own coroutine and the SessionTable. Broker process, its one thread. Decides nothing about jobs.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "common/unique_fd.hpp"
#include "daemon/broker/rpc/call.hpp"
#include "daemon/broker/server/asio_types.hpp"
#include "daemon/broker/server/inbox.hpp"
#include "daemon/broker/server/outbox.hpp"
#include "daemon/broker/server/session_call.hpp"

namespace jobpool::broker {

class SessionTable;

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(SessionTable& table, asio::io_context& io, const Peer& peer);

  bool open(UniqueFd socket);  // false: the kernel cannot watch it (out of memory or watches)
  void start();                // Requires: open() succeeded; owned by a shared_ptr

  const Peer& peer() const { return peer_; }
  std::size_t buffered_input() const { return buffered_; }

  // Sends what was gathered and, where that helped, goes on reading. Once per turn, by the table.
  void flush();
  void linger_no_longer();
  // The peer is gone or broke the rules: closes, and tells the handler of each unanswered call, once.
  void hang_up();
  // Closes and tells nobody.
  void abandon();

  // For the session's calls:
  Outbox& outbox_of(SessionCall& call);  // where this call's next answer is to be written
  int socket_for(SessionCall& call);     // through which it may leave at once; -1: others are to leave before
  bool continued(SessionCall& call);     // it was, more follow; false: too much is unsent
  void answered(SessionCall& call);      // it was the last
  // What stands to be sent, this call's last answer at its end, may wait for the next one.
  void need_not_hurry(SessionCall& call);
  // A large answer to it may be made now; else resume_answers() says when.
  bool has_room_for(SessionCall& call);

 private:
  friend class SessionTable;

  Awaitable run(std::shared_ptr<Session> self);
  void on_readable();
  void on_exception();
  void take_what_is_left();
  void dispatch();
  enum class Heard { yes, no };  // whether there is anybody for an answer: else only oneway calls are made
  void start_call(Inbox::Message message, Heard heard = Heard::yes);
  void violation(std::string_view what);

  bool wants_input() const { return !input_ended_ && !throttled_ && !is_broken_; }
  bool is_over_limits() const;
  bool is_well_under_limits() const;
  std::size_t unsent() const;
  std::size_t unsent_fds() const;
  void account_input();
  void send();
  void want_flush();
  void wait_for_room();
  void watch_anew();
  void relieve();
  void resume_streams();
  void resume_answers();
  std::shared_ptr<SessionCall> pop_call();
  std::shared_ptr<SessionCall> take_oneway(SessionCall& call);
  void keep(const std::shared_ptr<SessionCall>& call);
  void count_no_more(const SessionCall& call);
  void count_held(SessionCall& call);
  void release_held(SessionCall& call);
  void close_if_done();
  // What is told of the end, or dropped, when the session is closed already.
  struct Remains {
    std::unique_ptr<Outbox> outbox;
    std::vector<std::shared_ptr<SessionCall>> calls;
  };
  Remains close();
  void hang_up_soon();

  SessionTable* table_;  // null: closed
  const Peer peer_;
  Descriptor descriptor_;
  std::size_t place_ = 0;                              // in the table
  CallQueue calls_;                                    // unanswered, or answered and behind one that is not
  std::vector<std::shared_ptr<SessionCall>> oneway_;   // unanswered; each knows its place. They hold up no answers of others
  std::unique_ptr<Inbox> inbox_;                       // only while something is half-read
  std::unique_ptr<Outbox> outbox_;                     // only while something is unsent
  std::size_t unfinished_ = 0, unfinished_bytes_ = 0;  // of both
  std::size_t unfinished_fds_ = 0;                     // likewise
  std::size_t held_bytes_ = 0, held_fds_ = 0;          // unsent answers that wait for earlier calls
  std::size_t buffered_ = 0;                           // as told to the table
  bool input_ended_ = false;                           // the peer sends no more, and may still read
  bool throttled_ = false;                             // its requests are not read until it has read, or its calls are answered
  bool turn_was_full_ = false;                         // what is in the inbox is for the next turn; nothing is read before that
  bool flush_wanted_ = false;
  bool may_linger_ = false;  // nothing that is unsent is waited for
  bool waits_for_room_ = false;
  bool had_waited_ = false;     // for room: the descriptor is watched for writing until it is watched anew
  bool stream_paused_ = false;  // some call is owed an on_drained
  bool answers_wait_ = false;   // some call waits for room
  bool leaves_soon_ = false;    // hang_up_soon()
  bool is_broken_ = false;      // the peer broke the rules: what was answered is sent at the end of the turn, and it is closed
  unsigned in_the_making_ = 0;  // answers that were told to go on, and are not there yet
};

}  // namespace jobpool::broker
