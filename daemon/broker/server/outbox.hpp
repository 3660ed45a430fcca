// Answers on their way to one socket: bytes, the descriptors that ride with some of them, and who wants to know when they left.
// Used by Session (what goes out) and SessionCall (answers that wait for earlier calls). Knows no Asio and no session.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/unique_fd.hpp"
#include "daemon/broker/rpc/call.hpp"

namespace jobpool::broker {

class Outbox {
 public:
  void add_reply(std::string_view parameters_json, std::vector<UniqueFd> fds, std::function<void()> handed_over);
  // Of a large one what is written leaves through `socket` while the rest is written, where nothing stands before it: the peer, on another
  // processor, reads it meanwhile. Its end leaves by send(), as everybody's: until then the peer has been told nothing. -1: nothing leaves.
  void add_reply(Call::Write write_parameters, std::function<void()> handed_over, int socket);
  void add_continuing_reply(std::string_view parameters_json, std::function<void()> handed_over);
  void add_error(std::string_view name, std::string_view parameters_json);
  // Puts everything of `later` behind what is here. Requires: nothing of `later` was sent.
  void append(Outbox&& later);

  std::size_t unsent() const { return bytes_.size() - sent_; }
  bool empty() const { return unsent() == 0; }
  // That are to leave with it: open in this process until then.
  std::size_t unsent_fds() const { return unsent_fds_; }

  // refused: as `part`, but not for want of room, so that nothing tells when more can be sent. As many descriptors of this user, in all
  // processes, are on their way as this one may have open (ETOOMANYREFS), or the kernel has no memory.
  enum class Sent { all, part, refused, peer_gone };
  // Sends what the socket takes, without blocking. Callbacks of replies that are now wholly with the socket are moved to `handed_over`,
  // for the caller to run once nothing of the session is half-done.
  Sent send(int socket, std::vector<std::function<void()>>& handed_over);

  void reset();

 private:
  // A reply that is more than bytes. Its descriptors leave with its first byte, in a send that holds nothing but it: the kernel glues
  // sends in the receiver's hands, and only so can a reader tell which message they belong to.
  struct Mark {
    std::size_t begin, end;  // in bytes_
    std::vector<UniqueFd> fds;
    std::function<void()> handed_over;
  };

  std::size_t piece_end() const;
  // `run`: goes behind it. Returns how many bytes of both the socket took; < 0: errno.
  long send_piece(int socket, std::size_t end, std::string_view run = {});
  void send_ahead(int socket, std::string_view run);
  void settle(std::vector<std::function<void()>>& handed_over);
  void drop_sent();

  std::string bytes_;
  std::size_t sent_ = 0;
  std::size_t unsent_fds_ = 0;  // of all marks
  std::vector<Mark> marks_;     // ascending; those before next_mark_ are done
  std::size_t next_mark_ = 0;
};

}  // namespace jobpool::broker
