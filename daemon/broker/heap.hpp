// What the broker's heap takes from the system at once, and what it gives back. Three of glibc's limits, which go together: setting one
// ends its own rules for the others. Broker process, its one thread.
//
// Large payloads: while they come, what they leave behind stays for the next one. To take 16 MiB from the system costs more, in faults and
// zeroes, than to copy them three times. When no more come it goes back.
//
// Very many jobs: from kLarge on the heap grows by kStep, of huge pages where the kernel has them (`madvise` or `always`). The first touch
// of a page of 4 KiB, which has room for some nine jobs, costs up to 20 us (in a virtual machine whose host must be told). What of a step
// was not needed goes back when the heap has ceased to grow. A broker of few jobs has ordinary pages, and as few as it needs.
#pragma once

#include <cstddef>

namespace jobpool::broker {

class Heap {
 public:
  static constexpr std::size_t kLarge = 16 * 1024 * 1024, kStep = 16 * 1024 * 1024;

  // It begins about here.
  Heap();

  // Each turn; a comparison, where it has not grown.
  void look();

  // Large payloads have come, or come no more. Cheap where it is so already.
  void keep_freed();
  void give_back_freed();

  // Something of it may go back: rest() is to be called now and then, and gives it back once the heap has not grown for kPatience calls.
  static constexpr int kPatience = 20;
  bool has_spare() const { return is_stepping_; }
  void rest();

 private:
  void set_limits() const;

  char* const begin_;
  char* seen_;                // its end
  char* huge_from_;           // what is behind it was not said to be large
  bool is_stepping_ = false;  // it grows by kStep
  int quiet_calls_ = 0;       // of rest(), since it grew
  bool keeps_freed_ = false;
};

}  // namespace jobpool::broker
