// One worker's segment in plain memory, wiped between inputs: mapping memfds for each would cost a hundred times more.
#pragma once

#include <cstring>

#include "common/shm/mapping.hpp"

namespace jobpool::fuzz {

struct Segment {
  shm::Control control;
  shm::ToWorker to_worker;
  shm::FromWorker from_worker;
  shm::PayloadArea payload;  // never written with much, hence never wiped: what is in it is nobody's concern

  // The ring keeps its bytes: a frame is what wpos covers, and old bytes in it are one more thing that a worker may do.
  void wipe() {
    std::memset(static_cast<void*>(&control), 0, sizeof control);
    std::memset(static_cast<void*>(&to_worker), 0, sizeof to_worker);
    from_worker.wpos.store(0);
  }

  shm::BrokerMapping for_broker() {
    return {shm::Region<shm::Control>::borrow(control), shm::Region<shm::ToWorker>::borrow(to_worker),
            shm::Region<const shm::FromWorker>::borrow(from_worker), shm::Region<shm::PayloadArea>::borrow(payload)};
  }
};

}  // namespace jobpool::fuzz
