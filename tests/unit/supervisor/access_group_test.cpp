// The access group: found by name, named where it cannot help, given the socket, and told to the broker.
#include "daemon/supervisor/access_group.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "daemon/supervisor/launch.hpp"
#include "daemon/supervisor/listener.hpp"
#include "daemon/supervisor/settings.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/supervisor/temporary_dir.hpp"

using namespace jobpool;
using namespace jobpool::supervisor;
using jobpool::test::TemporaryDir;

namespace {

struct stat status_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::lstat(path.c_str(), &status) == 0);
  return status;
}

// One that this process may give files to: of root's, any; of others', one they are in.
gid_t some_group() {
  if (::geteuid() == 0) return 4242;
  std::vector<gid_t> groups(static_cast<std::size_t>(::getgroups(0, nullptr)));
  REQUIRE(::getgroups(static_cast<int>(groups.size()), groups.data()) >= 0);
  return groups.empty() ? ::getegid() : groups.back();
}

// Root becomes somebody else for a while, who is in no group; others are that already.
class WithoutPrivileges {
 public:
  static constexpr gid_t kOtherGroup = 4243;

  explicit WithoutPrivileges(const std::string& own_folder) : user_(::geteuid()) {
    if (user_ != 0) return;
    REQUIRE(::chown(own_folder.c_str(), 65533, static_cast<gid_t>(-1)) == 0);
    REQUIRE(::seteuid(65533) == 0);
  }
  ~WithoutPrivileges() { (void)!::seteuid(user_); }
  WithoutPrivileges(const WithoutPrivileges&) = delete;
  WithoutPrivileges& operator=(const WithoutPrivileges&) = delete;

 private:
  uid_t user_;
};

}  // namespace

TEST_CASE("an access group is found by name or number, and one that is none is refused by name") {
  const group* known = ::getgrgid(0);
  REQUIRE(known != nullptr);
  CHECK(*find_access_group(known->gr_name) == 0);
  CHECK(*find_access_group("4242") == 4242);
  for (const char* none : {"no such group", "-1", "4294967295", "42x", "99999999999"}) {
    const auto found = find_access_group(none);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == Errc::not_found);
    CHECK(found.error().text.find(none) != std::string::npos);
  }
}

TEST_CASE("the group and the account that the kernel shows for those it does not know are not taken") {
  CHECK(find_access_group("65534").error().code == Errc::invalid_argument);
  const std::string whole = "         0          0 4294967295\n", part = "         0     100000      65536\n";
  CHECK(is_whole_id_map(whole));
  for (const std::string& map : {part, std::string("0 0 65536"), std::string("1 1 4294967295"), std::string()})
    CHECK_FALSE(is_whole_id_map(map));
  CHECK(check_account(65534, whole));
  CHECK(check_account(1000, part));
  CHECK(check_account(65534, part).error().text.find("PrivateUsers=no") != std::string::npos);
}

TEST_CASE("a bound socket is the access group's as well, and private again without one") {
  TemporaryDir dir;
  const std::string path = dir / "socket";
  auto listener = Listener::bind(path, some_group());
  REQUIRE(listener);
  CHECK((status_of(path).st_mode & 0777) == 0660);
  CHECK(status_of(path).st_gid == some_group());
  const auto record = listener->remember();
  const Listener without = Listener::take_over(path, {false, record.device, record.inode, {}});
  CHECK(without.set_access());
  CHECK((status_of(path).st_mode & 0777) == 0600);
  CHECK(listener->set_access());
  CHECK((status_of(path).st_mode & 0777) == 0660);
  // What stands there is not what was bound: it is left as it is.
  REQUIRE(::unlink(path.c_str()) == 0);
  std::ofstream(dir / "else") << "secret";
  REQUIRE(::chmod((dir / "else").c_str(), 0600) == 0);
  REQUIRE(::symlink((dir / "else").c_str(), path.c_str()) == 0);
  CHECK_FALSE(listener->set_access());
  CHECK((status_of(dir / "else").st_mode & 0777) == 0600);
}

TEST_CASE("a socket that vanished, and cannot be given to its group again, is its owner's alone") {
  // The bug: it was there, and the broker was never told of it, so that all clients waited for ever.
  TemporaryDir dir;
  const std::string path = dir / "socket";
  const WithoutPrivileges nobody(dir.path());
  const auto bound = Listener::bind(path);
  REQUIRE(bound);
  const auto record = bound->remember();
  Listener listener = Listener::take_over(path, {false, record.device, record.inode, {}}, WithoutPrivileges::kOtherGroup);
  REQUIRE_FALSE(listener.set_access());
  REQUIRE(::unlink(path.c_str()) == 0);
  REQUIRE(listener.bind_again());
  CHECK(listener.is_in_place());
  CHECK(listener.fds().size() == 1);
  CHECK((status_of(path).st_mode & 0777) == 0600);
  CHECK_FALSE(Listener::bind(dir / "other", WithoutPrivileges::kOtherGroup));
}

TEST_CASE("what keeps the access group from the socket is named with its remedy") {
  TemporaryDir dir;
  const gid_t group = some_group();
  auto listener = Listener::bind(dir / "run/socket", group);
  REQUIRE(listener);
  REQUIRE(hindrance_of(group, dir / "run/socket"));
  CHECK(hindrance_of(group, dir / "run/socket")->find("folder " + (dir / "run")) != std::string::npos);
  REQUIRE(::chmod((dir / "run").c_str(), 0711) == 0);
  REQUIRE(::chmod(dir.path().c_str(), 0711) == 0);
  CHECK(hindrance_of(group, dir / "run/socket") == std::nullopt);
  REQUIRE(::chmod((dir / "run/socket").c_str(), 0600) == 0);
  CHECK(hindrance_of(group, dir / "run/socket")->find("SocketMode=0660") != std::string::npos);
}

TEST_CASE("the broker is told the access group's number, where there is one") {
  Wishes flags, file;
  const auto told = [&] {
    const auto settings = settle(flags, file, "/bin");
    REQUIRE(settings);
    const auto arguments = broker_arguments(*settings, Instance{}, History{});
    const auto found = std::find(arguments.begin(), arguments.end(), "--access-group");
    return found == arguments.end() ? std::string() : *(found + 1);
  };
  CHECK(told().empty());
  file.access_group = "4241";
  CHECK(told() == "4241");
  flags.access_group = "4242";
  CHECK(told() == "4242");
  flags.access_group = "no such group";
  CHECK(settle(flags, file, "/bin").error().code == Errc::not_found);
}
