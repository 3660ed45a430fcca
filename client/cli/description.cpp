// See description.hpp.
#include "client/cli/description.hpp"

#include "client/cli/command_line.hpp"

namespace jobpool::cli {
namespace {

VerbText description_of(int (*run)(Context& context, Words words)) {
  VerbText text;
  Context context;
  context.on_described = [&text](const VerbText& told) { text = told; };
  (void)run(context, {});
  return text;
}

}  // namespace

VerbText describe(const Verb& verb) { return description_of(verb.run); }
VerbText describe_program() { return description_of(run_program); }

}  // namespace jobpool::cli
