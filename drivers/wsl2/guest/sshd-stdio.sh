# shellcheck shell=sh
# One SSH connection on standard input and output.
run=/run/lima-wsl2
exec "$(cat $run/sshd)" -i -f $run/sshd_config -E $run/sshd.log
