# Says of the library's packages that those of several architectures can be installed side by side: each file of theirs is either below the
# architecture's own folder or the same for all. After CPack, which has a setting for it (CPACK_DEBIAN_<COMPONENT>_PACKAGE_MULTIARCH) from CMake
# 3.31 on only; what is there already stays.
foreach(package IN LISTS CPACK_PACKAGE_FILES)
  get_filename_component(name ${package} NAME)
  if(NOT name MATCHES "^libjobpool[^/]*\\.deb$")
    continue()
  endif()
  execute_process(COMMAND dpkg-deb --field ${package} Multi-Arch OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
  if(said MATCHES "same")  # of a field that is not there dpkg-deb says "no"
    continue()
  endif()
  set(contents ${package}.contents)
  file(REMOVE_RECURSE ${contents})
  execute_process(COMMAND dpkg-deb --raw-extract ${package} ${contents} COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${contents}/DEBIAN/control control)
  string(REGEX REPLACE "\n+$" "" control "${control}")
  file(WRITE ${contents}/DEBIAN/control "${control}\nMulti-Arch: same\n")
  execute_process(COMMAND dpkg-deb --root-owner-group --build ${contents} ${package} OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  file(REMOVE_RECURSE ${contents})
endforeach()
