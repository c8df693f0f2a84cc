# SPDX-License-Identifier: GPL-3.0-or-later
# nix-build data/packaging/nix
{ pkgs ? import <nixpkgs> { } }:

pkgs.stdenv.mkDerivation {
  pname = "koban";
  version = "0.1.0";
  src = pkgs.lib.cleanSource ../../..;

  nativeBuildInputs = with pkgs; [ gettext glib meson ninja pkg-config python3 scdoc ];
  buildInputs = with pkgs; [
    curl glib json-glib libnotify libofx libsecret libxml2 openssl qrencode sqlite util-linux
  ];
  nativeCheckInputs = with pkgs; [ appstream dbus desktop-file-utils mandoc openssl (python3.withPackages (p: [ p.pygobject3 ])) ];

  postPatch = ''
    patchShebangs --build tests data/man
  '';

  # What an administrator writes stands in /etc, and no derivation writes there: nothing of ours is installed in it.
  mesonFlags = [
    "--sysconfdir=/etc"
    "-Dman=true"
    "-Dsigning=enabled"
    "-Dofx=enabled"
    "-Dcamt=enabled"
    "-Dqr=enabled"
    "-Dsystemd_user_unit_dir=${placeholder "out"}/lib/systemd/user"
  ];

  # The tests name Debian's python3.
  mesonCheckFlags = [ "--suite" "unit" ];
  doCheck = false;

  meta = {
    description = "Watches your bank accounts and speaks up";
    license = with pkgs.lib.licenses; [ gpl3Plus mit0 cc0 ];
    platforms = pkgs.lib.platforms.linux;
    mainProgram = "koban";
  };
}
