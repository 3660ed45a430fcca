// One wait at a time, begun again after each callback.
#include "daemon/broker/server/fd_watch.hpp"

#include <string>
#include <utility>

#include "daemon/broker/server/asio_types.hpp"

namespace jobpool::broker {

struct FdWatch::State : std::enable_shared_from_this<State> {
  State(asio::io_context& io, std::function<void()> callback) : descriptor(io), on_readable(std::move(callback)) {}
  ~State() { release(); }

  void wait() {
    descriptor.async_wait(WaitType::wait_read, [self = shared_from_this()](asio::error_code error) {
      if (error || !self->descriptor.is_open()) return;
      self->on_readable();
      if (self->descriptor.is_open()) self->wait();
    });
  }

  // The descriptor is somebody else's: it is given back, never closed here.
  void release() {
    if (descriptor.is_open()) descriptor.release();
  }

  Descriptor descriptor;
  std::function<void()> on_readable;  // kept until the last wait is over: it may be what is running
};

Result<FdWatch> FdWatch::start(asio::io_context& io, int fd, std::function<void()> on_readable) {
  auto state = std::make_shared<State>(io, std::move(on_readable));
  asio::error_code error;
  state->descriptor.assign(fd, error);
  if (error) return Error{Errc::io, "watch descriptor " + std::to_string(fd) + ": " + error.message()};
  state->wait();
  return FdWatch(std::move(state));
}

FdWatch& FdWatch::operator=(FdWatch&& other) noexcept {
  if (this != &other) {
    stop();
    state_ = std::move(other.state_);
  }
  return *this;
}

void FdWatch::stop() {
  if (state_ != nullptr) state_->release();
  state_.reset();
}

}  // namespace jobpool::broker
