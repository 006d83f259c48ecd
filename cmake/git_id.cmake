# cmake -DSOURCE=... -DOUT=... -P git_id.cmake: writes the commit that is being built, for reports of
# measurements. Only when it has changed, so that nothing is compiled again for nothing. Empty
# where there is no git.
execute_process(COMMAND git -C ${SOURCE} describe --always --dirty --abbrev=10 --exclude=*
                OUTPUT_VARIABLE id ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
set(text "inline constexpr std::string_view kGitId = \"${id}\";\n")
set(old "")
if(EXISTS ${OUT})
    file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUT} "${text}")
endif()
