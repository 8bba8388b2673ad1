#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Programs that see another root than weir does, in a mount namespace of their own, as in a container: their files are found
# where they see them, their libraries, their debug information, and what is counted is what they count.
# usage: other_root.sh PYTHON LIVE SOURCE_ROOT, by way of `with`
. "$3/tests/oracle/hsprof_work.sh"
within=$root/tests/ghcs/within
cp "$root"/tests/data/hsprof/Corners.hs "$root"/tests/data/hsprof/spin.c "$root"/tests/data/rts/Garbage.hs .
inside() { "$within" "$WEIR_GHC_ROOT" "$@"; }
inside ghc -v0 -O1 -rtsopts -outputdir plain.o Corners.hs spin.c -o plain
inside ghc -v0 -O1 -rtsopts -dynamic -outputdir dynamic.o Corners.hs spin.c -o dynamic
inside ghc -v0 -O1 -rtsopts -threaded -outputdir threaded.o -optl-Wl,--build-id Garbage.hs -o threaded

# When they already run: before that, nobody knows which root it will be.
walk() # FILE COMMAND...
{
	out=$1
	shift
	"$live" hsprof -frequency=1999 sleep_ms=700 -- "$@" all 0.2 3>"$out" >/dev/null
	say whole "$out"
	say says "$out" '^catch;.*;\$wburn$'
	say says "$out" '[^]];spin$'
}
for program in plain dynamic; do
	walk $program.out "$within" "$WEIR_GHC_ROOT" ./$program
	walk $program-contained.out "$python" "$root/tests/ghcs/contained.py" "$WEIR_GHC_ROOT" ./$program
done

# The program as rts.py starts it; what it is told to write to is called otherwise there.
cat >runs-inside <<TEXT
#!/bin/sh
cd "$work"
for argument; do
	shift
	set -- "\$@" "\$(printf %s "\$argument" | sed 's|$work|/mnt|')"
done
exec unshare --mount sh -c '[ ! -d usr ] || mount --bind usr/lib/debug "\$0/usr/lib/debug"; exec "\$@"' "$WEIR_GHC_ROOT" \\
	"$within" "$WEIR_GHC_ROOT" ./threaded "\$@"
TEXT
chmod +x runs-inside
attach() { TMPDIR=$work PYTHONPATH=$root/tests/oracle "$python" -c "import rts; rts.check_attach('$live', '$work/runs-inside', 700)"; }
attach

# Stripped, with its symbols where a distribution would put them: below its own root.
id=$(readelf -n threaded | sed -n 's/.*Build ID: //p')
mkdir -p "usr/lib/debug/.build-id/$(printf %.2s "$id")"
objcopy --only-keep-debug threaded "usr/lib/debug/.build-id/$(printf %.2s "$id")/${id#??}.debug"
strip threaded
if [ -d "$WEIR_GHC_ROOT/usr/lib/debug" ]; then attach; else echo "left out: the root has no folder for debug information"; fi
