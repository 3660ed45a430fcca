// The terminal in the hands of a full-screen program: keys come at once and unseen, the other text is kept aside, and however the process
// ends (SIGKILL aside), it is given back as it was. One at a time in a process.
#pragma once

#include <memory>

#include "client/cli/top/frame.hpp"
#include "common/result.hpp"

namespace jobpool::cli {

class Terminal {
 public:
  // Whether stdin and stdout both are terminals.
  static bool is_there();

  // Requires: is_there(). Errors: io.
  static Result<std::unique_ptr<Terminal>> take();
  ~Terminal() { leave(); }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  // To stop for a while, and to go on.
  void leave();
  Result<void> enter();

  // 80 by 24 where the terminal does not say.
  static ScreenSize size();

 private:
  Terminal() = default;
};

}  // namespace jobpool::cli
