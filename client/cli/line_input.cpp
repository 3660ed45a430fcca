// Buffered by hand: whether the next line is there already must be known without waiting for it. See line_input.hpp.
#include "client/cli/line_input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "client/cli/tell.hpp"
#include "common/unique_fd.hpp"

namespace jobpool::cli {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;  // what a pipe holds

class LineInput final : public Input {
 public:
  LineInput(std::vector<std::string> files, char separator) : files_(std::move(files)), separator_(separator) {}

  Result<void> open_next() {
    file_.reset();
    fd_ = -1;
    is_at_end_ = false;
    if (at_ == files_.size()) return {};
    name_ = files_[at_++];
    if (name_ == "-") {
      fd_ = STDIN_FILENO;
      return {};
    }
    file_ = UniqueFd{::open(name_.c_str(), O_RDONLY | O_CLOEXEC)};
    fd_ = file_.get();
    return fd_ < 0 ? Result<void>{errno_error(name_)} : Result<void>{};
  }

  Result<std::optional<std::string>> next() override {
    for (;;) {
      if (const std::size_t end = buffer_.find(separator_, looked_at_); end != std::string::npos) return take(end, end + 1);
      looked_at_ = buffer_.size();
      if (fd_ < 0) return std::optional<std::string>{};
      const Result<bool> more = is_at_end_ ? Result<bool>{false} : read_more();
      if (!more) return more.error();
      if (*more) continue;
      is_at_end_ = true;
      if (begin_ < buffer_.size()) return take(buffer_.size(), buffer_.size());  // a last line without its end
      if (auto opened = open_next(); !opened) return opened.error();
    }
  }

  bool would_wait() override {
    if (buffer_.find(separator_, looked_at_) != std::string::npos || fd_ < 0 || is_at_end_) return false;
    pollfd input{fd_, POLLIN, 0};
    return ::poll(&input, 1, 0) == 0;
  }

 private:
  std::optional<std::string> take(std::size_t end, std::size_t next) {
    std::string line = buffer_.substr(begin_, end - begin_);
    begin_ = looked_at_ = next;
    return line;
  }

  // False: end of file.
  Result<bool> read_more() {
    buffer_.erase(0, begin_);
    looked_at_ -= begin_;
    begin_ = 0;
    const std::size_t old = buffer_.size();
    buffer_.resize(old + kReadBytes);
    ssize_t size = 0;
    do {
      size = ::read(fd_, buffer_.data() + old, kReadBytes);
      if (size < 0 && errno == EAGAIN) await(fd_, POLLIN);
    } while (size < 0 && (errno == EINTR || errno == EAGAIN));
    const int error = errno;
    buffer_.resize(old + static_cast<std::size_t>(size > 0 ? size : 0));
    if (size < 0) return errno_error("read " + name_, error);
    return size > 0;
  }

  std::vector<std::string> files_;
  const char separator_;
  std::size_t at_ = 0;  // the next file
  std::string name_;
  UniqueFd file_;
  int fd_ = -1;             // -1: all files were read
  bool is_at_end_ = false;  // that one's: not asked again, which a terminal would take for more
  std::string buffer_;
  std::size_t begin_ = 0, looked_at_ = 0;  // in the buffer: the next line, and how far there is no end of one
};

}  // namespace

Result<std::unique_ptr<Input>> lines_of(std::vector<std::string> files, char separator) {
  auto input = std::make_unique<LineInput>(std::move(files), separator);
  if (auto opened = input->open_next(); !opened) return opened.error();
  return std::unique_ptr<Input>{std::move(input)};
}

}  // namespace jobpool::cli
