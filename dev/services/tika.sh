#!/usr/bin/env bash
# Apache Tika server. TIKA_HEAP (1g) is the memory of the process that reads, TIKA_TASK_TIMEOUT_MS (120000) its longest task;
# TIKA_OCR=1 lets it run Tesseract.
name=tika what="Apache Tika server, reads documents"
source "$(dirname "$0")/server.sh"

version=3.3.2
sha256=cdbe7fde72583dec8528f9c0ed962cacb7f6624f9900b1f733df638410f77540
jar=$cache/tika-server-standard-$version.jar

installed() { [ -s "$jar" ] && find_java 17 >/dev/null; }

install_server() {
  installed && return
  need_maven
  need_java 17
  [ -s "$jar" ] || maven_artifact "org.apache.tika:tika-server-standard:$version" "$sha256" "$cache"
}

launch() {
  # Leaving the Tesseract parser out is the only switch that holds for images; its own skipOcr is not looked at.
  local ocr='<parser-exclude class="org.apache.tika.parser.ocr.TesseractOCRParser"/>'
  [ "${TIKA_OCR:-0}" = 0 ] || ocr=
  # What was deleted or moved in a document with tracked changes is read too; a request has no way to ask for it.
  local office=org.apache.tika.parser.microsoft.OfficeParser ooxml=org.apache.tika.parser.microsoft.ooxml.OOXMLParser
  local tracked='<params><param name="includeDeletedContent" type="bool">true</param><param name="includeMoveFromContent" type="bool">true</param></params>'
  cat >"$place/tika.xml" <<XML
<?xml version="1.0" encoding="UTF-8"?>
<properties>
  <parsers>
    <parser class="org.apache.tika.parser.DefaultParser">
      $ocr<parser-exclude class="$office"/><parser-exclude class="$ooxml"/>
    </parser>
    <parser class="$office">$tracked</parser>
    <parser class="$ooxml">$tracked</parser>
  </parsers>
  <server><params>
    <host>127.0.0.1</host><port>$port</port>
    <taskTimeoutMillis>${TIKA_TASK_TIMEOUT_MS:-120000}</taskTimeoutMillis>
    <minimumTimeoutMillis>1000</minimumTimeoutMillis>
    <taskPulseMillis>2000</taskPulseMillis>
    <maxFiles>100000</maxFiles>
    <noFork>false</noFork>
    <returnStackTrace>false</returnStackTrace>
    <logLevel>info</logLevel>
    <forkedJvmArgs>
      <arg>-Xmx${TIKA_HEAP:-1g}</arg><arg>-XX:+UseSerialGC</arg><arg>-Djava.io.tmpdir=$place/tmp</arg><arg>-Djava.awt.headless=true</arg>
    </forkedJvmArgs>
  </params></server>
</properties>
XML
  give_away
  local java; java=$(find_java 17)
  spawn "$java/bin/java" -Xmx64m "-Djava.io.tmpdir=$place/tmp" -jar "$jar" -c "$place/tika.xml"
}

answers() { [ "$(http_status /version)" = 200 ]; }
address() { echo "http://127.0.0.1:$port"; }

main "$@"
