// Gathering and sending of answers: one sendmsg for all that is there, split only around replies with descriptors.
#include "daemon/broker/server/outbox.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/socket.hpp"
#include "daemon/broker/server/limits.hpp"
#include "proto/envelope.hpp"

namespace jobpool::broker {
namespace {

constexpr std::size_t kCompactBytes = 1 * kMiB;  // sent bytes worth moving the rest for: a stream may never drain wholly

Outbox::Sent why_not_sent(int number) {
  if (number == EAGAIN) return Outbox::Sent::part;
  const bool may_pass = number == ETOOMANYREFS || number == ENOBUFS || number == ENOMEM;
  return may_pass ? Outbox::Sent::refused : Outbox::Sent::peer_gone;
}

}  // namespace

void Outbox::add_reply(std::string_view parameters_json, std::vector<UniqueFd> fds, std::function<void()> handed_over) {
  const std::size_t begin = bytes_.size();
  proto::append_reply(bytes_, parameters_json);
  if (fds.empty() && !handed_over) return;
  unsent_fds_ += fds.size();
  marks_.push_back(Mark{begin, bytes_.size(), std::move(fds), std::move(handed_over)});
}

void Outbox::add_reply(Call::Write write_parameters, std::function<void()> handed_over, int socket) {
  const std::size_t begin = bytes_.size();
  const bool is_alone = begin == 0;
  proto::append_reply(bytes_, [&](std::string& out) {
    write_parameters(out, [&](std::string&, std::string_view run) {
      if (is_alone && socket >= 0) return send_ahead(socket, run);
      out += run;
    });
  });
  if (handed_over) marks_.push_back(Mark{std::min(begin, bytes_.size()), bytes_.size(), {}, std::move(handed_over)});
}

// What goes wrong, or has no room, is met again by send().
void Outbox::send_ahead(int socket, std::string_view run) {
  const auto taken = static_cast<std::size_t>(std::max(send_piece(socket, bytes_.size(), run), 0L));
  const std::size_t of_bytes = std::min(taken, unsent());
  sent_ += of_bytes;
  if (empty()) {
    bytes_.clear();
    sent_ = 0;
  } else {
    drop_sent();
  }
  bytes_ += run.substr(taken - of_bytes);
}

void Outbox::add_continuing_reply(std::string_view parameters_json, std::function<void()> handed_over) {
  const std::size_t begin = bytes_.size();
  proto::append_reply(bytes_, parameters_json, true);
  if (handed_over) marks_.push_back(Mark{begin, bytes_.size(), {}, std::move(handed_over)});
}

void Outbox::add_error(std::string_view name, std::string_view parameters_json) { proto::append_error(bytes_, name, parameters_json); }

void Outbox::append(Outbox&& later) {
  const std::size_t offset = bytes_.size();
  if (bytes_.empty()) {
    bytes_ = std::move(later.bytes_);
  } else {
    bytes_ += later.bytes_;
  }
  for (Mark& mark : later.marks_) {
    mark.begin += offset;
    mark.end += offset;
    marks_.push_back(std::move(mark));
  }
  unsent_fds_ += std::exchange(later.unsent_fds_, 0);
}

Outbox::Sent Outbox::send(int socket, std::vector<std::function<void()>>& handed_over) {
  while (!empty()) {
    const std::size_t end = piece_end();
    const long taken = send_piece(socket, end);
    if (taken < 0) return why_not_sent(errno);
    sent_ += static_cast<std::size_t>(taken);
    settle(handed_over);
    if (sent_ < end) {
      drop_sent();
      return Sent::part;
    }
  }
  bytes_.clear();
  marks_.clear();
  sent_ = next_mark_ = 0;
  return Sent::all;
}

void Outbox::reset() {
  if (bytes_.capacity() > kKeptBufferBytes) std::string().swap(bytes_);  // (an assignment would keep the room)
  bytes_.clear();
  marks_.clear();
  sent_ = next_mark_ = unsent_fds_ = 0;
}

// Where the next send stops: before or after the next reply with descriptors, else at the end.
std::size_t Outbox::piece_end() const {
  for (std::size_t i = next_mark_; i < marks_.size(); ++i) {
    if (marks_[i].fds.empty()) continue;
    return marks_[i].begin == sent_ ? marks_[i].end : marks_[i].begin;
  }
  return bytes_.size();
}

long Outbox::send_piece(int socket, std::size_t end, std::string_view run) {
  iovec pieces[] = {{bytes_.data() + sent_, end - sent_}, {const_cast<char*>(run.data()), run.size()}};
  msghdr header{};
  header.msg_iov = pieces;
  header.msg_iovlen = run.empty() ? 1 : 2;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxPassedFds * sizeof(int))> control{};
  const auto mark =
      std::find_if(marks_.begin() + static_cast<long>(next_mark_), marks_.end(), [](const Mark& one) { return !one.fds.empty(); });
  if (mark != marks_.end() && mark->begin == sent_) {
    const std::size_t count = std::min(mark->fds.size(), kMaxPassedFds);
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* message = CMSG_FIRSTHDR(&header);
    message->cmsg_level = SOL_SOCKET;
    message->cmsg_type = SCM_RIGHTS;
    message->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (std::size_t i = 0; i < count; ++i) {
      const int fd = mark->fds[i].get();
      std::memcpy(CMSG_DATA(message) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  ssize_t taken;
  do taken = ::sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (taken < 0 && errno == EINTR);
  if (taken > 0 && header.msg_control != nullptr) {  // they are the peer's now
    unsent_fds_ -= mark->fds.size();
    mark->fds.clear();
  }
  return taken;
}

void Outbox::settle(std::vector<std::function<void()>>& handed_over) {
  for (; next_mark_ < marks_.size() && marks_[next_mark_].end <= sent_; ++next_mark_) {
    if (marks_[next_mark_].handed_over) handed_over.push_back(std::move(marks_[next_mark_].handed_over));
  }
}

void Outbox::drop_sent() {
  if (sent_ < kCompactBytes || sent_ < bytes_.size() / 2) return;
  bytes_.erase(0, sent_);
  marks_.erase(marks_.begin(), marks_.begin() + static_cast<long>(next_mark_));
  next_mark_ = 0;
  for (Mark& mark : marks_) {
    mark.begin -= std::min(mark.begin, sent_);
    mark.end -= sent_;
  }
  sent_ = 0;
}

}  // namespace jobpool::broker
