# cmake -DPREFIX= -DSOURCE= -DWORK= -DGENERATOR= -DMAKE_PROGRAM= -DC_COMPILER= -P seeds.cmake
#
# The installed seeded library finds a lost update, and repeats it; the program without the
# fault passes under all seeds, and under the ordinary library.
include(${CMAKE_CURRENT_LIST_DIR}/steps.cmake)

build_project()

function(run_seeds program kept)
  execute_process(COMMAND ${CMAKE_COMMAND} -E env BOC_SYS_SEEDS=200 BOC_SYS_SEED=${ARGN}
                          ${WORK}/${program}
                  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(kept AND (NOT result EQUAL 0 OR NOT output STREQUAL "kept\n"))
    message(FATAL_ERROR "${program} ended with ${result}:\n${output}${errors}")
  elseif(NOT kept AND NOT errors MATCHES "BOC_SYS_SEED=([0-9]+) repeats it")
    message(FATAL_ERROR "${program} ended with ${result}, and no seed was named:\n${errors}")
  endif()
  set(seed "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

run_seeds(kept_update TRUE)
run_seeds(ordinary TRUE)
run_seeds(lost_update FALSE)
set(first ${seed})
run_seeds(lost_update FALSE ${first})
if(NOT seed EQUAL first)
  message(FATAL_ERROR "seed ${first} ended as seed ${seed}")
endif()
