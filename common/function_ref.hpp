// function_ref: a borrowed callable, for "call me back before you return" parameters on hot paths.
// Two pointers, never allocates (std::function does for larger captures). The callable must outlive the call, nothing more.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace jobpool {

template <class Signature>
class function_ref;

template <class Value, class... Arguments>
class function_ref<Value(Arguments...)> {
 public:
  template <class Callable>
  requires(!std::is_same_v<std::remove_cvref_t<Callable>, function_ref> && !std::is_function_v<std::remove_reference_t<Callable>> &&
           std::is_invocable_r_v<Value, Callable&, Arguments...>)
      function_ref(Callable&& callable)  // implicit: a lambda is passed as it is
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Value {
          return (*static_cast<std::remove_reference_t<Callable>*>(object))(std::forward<Arguments>(arguments)...);
        }) {}

  Value operator()(Arguments... arguments) const { return call_(object_, std::forward<Arguments>(arguments)...); }

 private:
  void* object_;
  Value (*call_)(void*, Arguments...);
};

}  // namespace jobpool
