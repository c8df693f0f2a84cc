# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of koban for bash. Ids come from the agent, through koban's own lists; it asks no bank and no person.

# The words of the first two columns of a list that look like this.
_koban_ids ()
{
  # shellcheck disable=SC2086 # a list may be two words
  koban $1 2>/dev/null </dev/null | awk -v like="^($2)\$" 'NR > 1 { for (i = 1; i <= 2; i++) if ($i ~ like) print $i }' | sort -u
}

_koban ()
{
  local commands="setup providers provider add remove connections accounts transactions links show revoke alerts answer
    check import note report deadlines card review status doctor watch config notify verify channel unlock
    backup restore leave replay"
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}
  local words='' files=''

  # bash takes key=value for three words
  if [ "$current" = "=" ]; then current=''
  elif [ "$previous" = "=" ]; then previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  if [ "$COMP_CWORD" -eq 1 ]; then command=''; fi
  case $command in
    '') words="$commands --help --version" ;;
    setup) words="bank channel login card --base-url --ca-file --help" ;;
    provider) words="lint --json --help" ;;
    add) words="--name --field --secret-stdin --secret-file --base-url --ca-file --json --help" ;;
    remove) words="--purge --yes --json --help" ;;
    accounts) words="set watch=all watch=links watch=off ownership=own ownership=joint --json --help" ;;
    transactions) words="--account --since --json --help" ;;
    links|alerts) words="--all --json --help" ;;
    revoke) words="--yes --json --help" ;;
    answer) words="mine not-mine unsure undo --json --help" ;;
    note) words="--to --at --who --ref --repaid --json --help" ;;
    report) words="--format --output --for --lang --full-number --verify --json --help" files=yes ;;
    card) words="--set --output --lang --json --help" files=yes ;;
    import) words="--account --format --currency --guess --write-dialect --folder --delete --yes --json --help" files=yes ;;
    review) words="--since --answer --json --help" ;;
    status) words="--check --settings --json --help" ;;
    doctor) words="--report --json --help" ;;
    config) words="get set --json --help" ;;
    notify) words="--test --code desktop --json --help" ;;
    channel) words="add ntfy gotify mail webhook rotate remove set detail=none detail=minimal detail=full --name --server
      --to --from --user --detail --ca-file --secret-stdin --json --help" ;;
    unlock) words="--json --help" ;;
    backup) words="--json --help" files=yes ;;
    restore) words="--yes --json --help" files=yes ;;
    replay) words="--poll --help" files=yes ;;
    providers|connections|show|check|deadlines|watch|leave|verify) words="--json --help" ;;
  esac
  case $command in
    add) words="$words $(_koban_ids providers '[a-z0-9-]+')" ;;
    remove|check) words="$words $(_koban_ids connections 'c[0-9]+')" ;;
    accounts) words="$words $(_koban_ids accounts 'a[0-9]+')" ;;
    revoke) words="$words $(_koban_ids links 'l[0-9]+')" ;;
    note|report) words="$words $(_koban_ids alerts 'i[0-9]+')" ;;
    answer) words="$words $(_koban_ids alerts '[ni][0-9]+') $(_koban_ids links 'l[0-9]+')" ;;
    show) words="$words $(_koban_ids alerts '[ni][0-9]+') $(_koban_ids links 'l[0-9]+') $(_koban_ids accounts 'a[0-9]+')" ;;
    config) words="$words $(_koban_ids 'config get' '[a-z]+[.][a-z]+')" ;;
  esac
  case $command:$previous in
    transactions:--account|card:--set|import:--account) words=$(_koban_ids accounts 'a[0-9]+') ;;
    accounts:watch) words="all links off" ;;
    accounts:ownership) words="own joint" ;;
    channel:detail|channel:--detail) words="none minimal full" ;;
    note:--to) words="bank wallet police other" ;;
    report:--format) words="html json csv" ;;
    report:--for) words="bank police self" ;;
    report:--lang|card:--lang) words="ja en" ;;
    provider:lint) words='' files=yes ;;
  esac
  case " ${COMP_WORDS[*]: -4} " in
    *" --ca-file "*|*" --secret-file "*) files=yes ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current"; [ -z "$files" ] || compgen -f -- "$current")
}
complete -F _koban koban
