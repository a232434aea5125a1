/**
 * Completion for shells. The scripts are thin: they hand the words to `coffer __complete`, which answers a candidate a
 * line, with a tab and a description after it.
 */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const bash = `# coffer completion for bash; put this line into ~/.bashrc:  eval "$(coffer completion bash)"
_coffer_complete() {
  local IFS=$'\\n' line
  COMPREPLY=()
  while read -r line; do
    COMPREPLY+=("$(printf '%q' "\${line%%$'\\t'*}")")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ "\${#COMPREPLY[@]}" -eq 1 ] && [ "\${COMPREPLY[0]}" = ":files" ]; then
    COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -F _coffer_complete coffer
`;

const zsh = `#compdef coffer
# coffer completion for zsh; put this line into ~/.zshrc, after compinit:  eval "$(coffer completion zsh)"
_coffer() {
  local -a candidates lines
  local line
  lines=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${lines[1]}" == ":files" ]]; then _files; return; fi
  for line in "\${lines[@]}"; do
    [[ -n "$line" ]] && candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe coffer candidates
}
compdef _coffer coffer
`;

const fish = `# coffer completion for fish; put this line into ~/.config/fish/config.fish:  coffer completion fish | source
function __coffer_complete
    set -l words (commandline -opc)
    set -l candidates ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$candidates" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $candidates
    end
end
complete -c coffer -f -a '(__coffer_complete)'
`;

export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
