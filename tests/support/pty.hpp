// A terminal that a program under test may believe in.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>

#include "common/unique_fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/milliseconds_until.hpp"
#include "tests/support/wait_until.hpp"

namespace jobpool::testing {

class Pty {
 public:
  Pty() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    REQUIRE(master_);
    REQUIRE(::grantpt(master_.get()) == 0);
    REQUIRE(::unlockpt(master_.get()) == 0);
    std::array<char, 128> name{};
    REQUIRE(::ptsname_r(master_.get(), name.data(), name.size()) == 0);
    user_side_ = UniqueFd(::open(name.data(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(user_side_);
  }

  int user_side() const { return user_side_.get(); }
  // Once the program has it: its end is seen then.
  void close_user_side() { user_side_.reset(); }

  void type(const std::string& text) const {
    REQUIRE(::write(master_.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  // All that was read so far.
  const std::string& everything() const { return everything_; }

  // Fails the test when the program ends, or time is over, before it has written `text`.
  void read_until(const std::string& text) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (shown_.find(text) == std::string::npos) {
      INFO("waiting for '" << text << "', was shown: " << shown_);
      pollfd readable{master_.get(), POLLIN, 0};
      REQUIRE(::poll(&readable, 1, milliseconds_until(deadline)) > 0);
      std::array<char, 4096> bytes{};
      const ssize_t size = ::read(master_.get(), bytes.data(), bytes.size());
      REQUIRE(size > 0);
      shown_.append(bytes.data(), static_cast<std::size_t>(size));
      everything_.append(bytes.data(), static_cast<std::size_t>(size));
    }
    shown_.erase(0, shown_.find(text) + text.size());
  }

 private:
  UniqueFd master_, user_side_;
  std::string shown_, everything_;
};

}  // namespace jobpool::testing
