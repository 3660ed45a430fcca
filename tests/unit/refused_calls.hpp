// Calls of this test's own process that are refused as by file systems that a test has not: NFS that finds no room at the close, ext4 that
// has none for an attribute. For tests of copying.
#pragma once

namespace jobpool::testing {

enum class RefusedCall { close, set_attribute };

// While it lives, every such call is refused with `error` (what close closes is closed all the same). One at a time of each.
class Refused {
 public:
  Refused(RefusedCall call, int error);
  ~Refused();
  Refused(const Refused&) = delete;
  Refused& operator=(const Refused&) = delete;

 private:
  const RefusedCall call_;
};

}  // namespace jobpool::testing
