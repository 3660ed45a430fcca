// See copy_source.hpp.
#include "tests/integration/copy_source.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <random>

#include "common/unique_fd.hpp"

namespace jobpool::testing {
namespace {

constexpr int kFilesOfFolder = 100;
constexpr int kMiB = 1024 * 1024;

std::string bytes(std::mt19937& random, std::size_t size) {
  std::string text(size, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

void set_time(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const std::array<timespec, 2> times{timespec{seconds, 1}, timespec{seconds, nanoseconds}};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) == 0);
}

// As the kernel has it: a version, then tag, rights and id of each entry. The owner may all, user 1234 read and write, others read.
std::string access_list() {
  struct Entry {
    std::uint16_t tag, rights;
    std::uint32_t id;
  };
  constexpr std::uint32_t kVersion = 2, kNobodyInParticular = 0xFFFF'FFFF;
  const std::array<Entry, 5> entries{{{0x01, 7, kNobodyInParticular},
                                      {0x02, 6, 1234},
                                      {0x04, 4, kNobodyInParticular},
                                      {0x10, 6, kNobodyInParticular},
                                      {0x20, 4, kNobodyInParticular}}};
  return std::string(reinterpret_cast<const char*>(&kVersion), sizeof kVersion) +
         std::string(reinterpret_cast<const char*>(entries.data()), sizeof entries);
}

}  // namespace

// Where the file system has them; where it has not, there is nothing to keep.
void give_access_list(const std::string& path, const char* attribute) {
  const std::string list = access_list();
  (void)::setxattr(path.c_str(), attribute, list.data(), list.size(), 0);
}

CopySource::CopySource(std::filesystem::path folder) : folder_(std::move(folder)) { REQUIRE(::mkdir(path().c_str(), 0755) == 0); }

CopySource::~CopySource() {
  for (const std::string& sealed : {path("sealed"), target("sealed")}) ::chmod(sealed.c_str(), 0755);
}

void CopySource::make_small_files(int count) const {
  constexpr std::array<mode_t, 5> kModes{0644, 0600, 0755, 0444, 0666};
  std::mt19937 random(1);
  REQUIRE(::mkdir(path("files").c_str(), 0755) == 0);
  for (int i = 0; i < count; ++i) {
    const int folder = i / kFilesOfFolder;
    const std::string in = folder == 0 ? "files" : "files/folder " + std::to_string(folder);
    if (folder > 0 && i % kFilesOfFolder == 0) REQUIRE(::mkdir(path(in).c_str(), 0700 + folder % 64) == 0);
    const std::string name = path(in + "/" + std::to_string(i));
    write_file(name, bytes(random, random() % 4 == 0 ? random() % 20'000 : random() % 500 + 1), kModes.at(random() % kModes.size()));
    set_time(name, 1'000'000'000 + i, static_cast<long>(random() % 1'000'000'000));
  }
}

void CopySource::make_large_file(const std::string& name, int mebibytes) const {
  std::mt19937 random(2);
  const std::string piece = bytes(random, kMiB);
  const UniqueFd file(::open(path(name).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  REQUIRE(file);
  for (int i = 0; i < mebibytes; ++i) {
    if (i >= mebibytes / 4 && i < mebibytes / 2) continue;  // the hole
    REQUIRE(::pwrite(file.get(), piece.data(), piece.size(), static_cast<off_t>(i) * kMiB) == kMiB);
    REQUIRE(::pwrite(file.get(), &i, sizeof i, static_cast<off_t>(i) * kMiB) == sizeof i);
  }
  REQUIRE(::ftruncate(file.get(), static_cast<off_t>(mebibytes) * kMiB) == 0);
  set_time(path(name), 1'234'567'890, 987'654'321);
}

void CopySource::make_odd_things() const {
  write_file(path("line\nend"), "1");
  write_file(path("\xff\xfe no text"), "2");
  write_file(path("-v"), "3");
  write_file(path(std::string(255, 'n')), "4");
  REQUIRE(::mkdir(path("sealed").c_str(), 0755) == 0);
  write_file(path("sealed/file"), "5", 0400);
  REQUIRE(::symlink("../source/sealed/file", path("link").c_str()) == 0);
  REQUIRE(::symlink("\xff nowhere", path("dangling").c_str()) == 0);
  REQUIRE(::mkfifo(path("fifo").c_str(), 0620) == 0);
  REQUIRE(::link(path("sealed/file").c_str(), path("hard link").c_str()) == 0);
  REQUIRE(::link(path("fifo").c_str(), path("another fifo").c_str()) == 0);
  const UniqueFd sparse(::open(path("sparse").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
  REQUIRE(::pwrite(sparse.get(), "data", 4, 5 * kMiB) == 4);
  REQUIRE(::ftruncate(sparse.get(), 20 * kMiB) == 0);
  (void)::setxattr(path("-v").c_str(), "user.colour", "green", 5, 0);  // where the file system has them
  (void)::setxattr(path("sealed").c_str(), "user.colour", "red", 3, 0);
  give_access_list(path("line\nend"), "system.posix_acl_access");
  REQUIRE(::mkdir(path("shared").c_str(), 02775) == 0);
  give_access_list(path("shared"), "system.posix_acl_default");
  write_file(path("shared/file"), "6");
  const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{AF_UNIX, {}};
  path("socket").copy(address.sun_path, sizeof address.sun_path - 1);
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::chmod(path("sealed").c_str(), 0555) == 0);
  for (const char* name : {"link", "fifo", "sparse", "sealed", ""}) set_time(path(name), 1'111'111'111, 222'222'222);
}

}  // namespace jobpool::testing
