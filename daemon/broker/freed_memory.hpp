// What becomes of memory that large payloads leave behind in the broker's heap. While they come it stays there for the next one: to take 16
// MiB from the system costs more, in faults and zeroes, than to copy them three times. When no more come it goes back. Broker process, its
// one thread.
#pragma once

namespace jobpool::broker {

class FreedMemory {
 public:
  // Cheap where it is so already.
  void keep();
  void give_back();

 private:
  bool is_kept_ = false;
};

}  // namespace jobpool::broker
