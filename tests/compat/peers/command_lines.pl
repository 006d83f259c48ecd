# Random command lines of mosquitto's clients, each given to both programs: what they print and how they end must be
# the same. Words that are answered differently on purpose (MOSQUITTO'S NAMES in the manual) are not made.
# Arguments: the folder of our links, of theirs, files to read, a seed, how many.
use strict;
use warnings;
use IPC::Open3;
use Symbol 'gensym';

my ($ours, $theirs, $files, $seed, $count) = @ARGV;
srand $seed;
sub one { $_[rand @_] }

my @texts = ('x', '', 'me', 'two words', "a\xff", '-x', '--help', "\xc3\xa9", 'a:b@c');
my @numbers = ('0', '1', '2', '3', '-1', '5', '60', '65535', '65536', 'x', '', '1x', ' 7', '+1', '99999999999', '0x10',
    '2147483648', '4', '1.5', '1e3');
my @parts = ('1', '50', '100', '0', '0.1', '0.05', '-1', '101', 'x', '', '1e1', '0x10', '1.5x');
my @topics = ('a', 'a/b', 'a/#', 'a/+', '#', '+', '$SYS/x', 'a#', 'a+/b', '$share/g/a', "a\xff", "a\x01", "\xc3\xa9");
my @paths = map { "$files/$_" } qw(good empty missing folder);
my @urls = map { "mqtt:$_" } ('//127.0.0.1:1/a', '//127.0.0.1:1/a/#', '//u:p@127.0.0.1:1/a', '//127.0.0.1:1', '//u@127.0.0.1:1/a',
    '//127.0.0.1:70000/a', '//127.0.0.1:x/a', '//:1/a', '/a', '');
my @proxies = map { "socks5h:$_" } ('//127.0.0.1:1', '//u:p@127.0.0.1:1', '//', '//:1', '//h:0', '//@h', '//u%zz@127.0.0.1:1',
    '//a:b:c', '//u:@127.0.0.1:1', '//127.0.0.1:', '/');
my %words = (
    A => ['127.0.0.1', '', '::1'], C => \@numbers, e => \@topics, f => [@paths, '/etc/passwd'],
    F => ['%t', '%Z', '%', '@', '@5', '\q', '\\', '%--5t', '%0-5t', '%>', '%5', '%5.', '%-', '%%'],
    h => ['127.0.0.1', '', '::1'], i => \@texts, I => \@texts, k => \@numbers, L => [@urls, 'http://x/y', ''], m => \@texts,
    M => \@numbers, p => [1, 1, @numbers], P => \@texts, q => \@numbers, t => \@topics, T => \@topics, u => \@texts,
    V => [qw(31 311 5 mqttv31 4), ''], W => \@numbers, unix => ["$files/none", "$files/good"], proxy => [@proxies, 'http://x'],
    repeat => \@numbers, 'repeat-delay' => \@parts, 'random-filter' => \@parts, 'will-topic' => \@topics,
    'will-payload' => \@texts, 'will-qos' => \@numbers, cafile => \@paths, capath => \@paths, cert => \@paths,
    key => \@paths, ciphers => ['none', ''], keyform => ['pem', 'engine', 'x', ''], psk => ['00', '0g'],
    'psk-identity' => ['i', "a\xff"], 'tls-version' => ['tlsv1.2', 'tlsv9', '']);
my @switches = (qw(c d E l n N r R s v help version bogus quiet insecure retained-only remove-retained will-retain pretty
    retain-as-published nodelay), 'z', 'q1', 'port=1');
my @properties = qw(content-type correlation-data message-expiry-interval topic-alias maximum-packet-size receive-maximum
    request-problem-information session-expiry-interval topic-alias-maximum will-delay-interval server-reference
    assigned-client-identifier Receive-Maximum user-property bogus);
my @packets = qw(connect publish subscribe unsubscribe disconnect will connect publish will auth puback connack suback Will x);
my %base = (pub => [[qw(-t a)], [qw(-m x)]], sub => [[qw(-t a)]], rr => [[qw(-t a)], [qw(-e b)], [qw(-m x)]]);

sub dashed { length $_[0] > 1 && $_[0] ne 'q1' ? "--$_[0]" : "-$_[0]" }
sub property {
    my $name = one(@properties);
    my @value = $name eq 'user-property' ? (one(@texts), one('x', '')) : one(@numbers, @texts);
    (one('-D', '--property'), one(@packets), $name, @value);
}
sub option {
    my $kind = shift;
    my $draw = rand;
    return [property()] if $draw < 0.25;
    return [dashed(one(@switches))] if $draw < 0.4;
    my $name = one(sort keys %words);
    return [] if $kind eq 'rr' && $name eq 'f';
    return [qw(-V 5 -x), one(@numbers, '09', '-2', '0x3C', '4294967295')] if $draw < 0.45;
    return [dashed($name), one(@{$words{$name}})];
}
sub line {
    my $kind = shift;
    my @options = grep { rand > 0.07 } @{$base{$kind}};
    push @options, option($kind) for 1 .. one(0, 1, 1, 2, 2, 3, 4, 5);
    my @order = sort { $a->[0] <=> $b->[0] } map { [rand, $_] } @options;
    my @line = ('-p', 1, map { @{$_->[1]} } @order);
    pop @line if rand() < 0.04;
    return @line;
}
# What is different on purpose when it comes together.
sub is_known {
    my ($kind, @line) = @_;
    my %has = map { $_ => 1 } @line;
    return 1 if $has{'--unix'} && $has{'--proxy'};
    return $kind eq 'sub' && !$has{'-t'};  # which 2.1 takes with -U
}
sub answer {
    my ($program, @line) = @_;
    my $pid = open3(my $in, my $out, my $err = gensym, $program, @line);
    print $in "one\ntwo\n";
    close $in;
    local $/;
    my $said = <$out> // '';
    my $complained = <$err> // '';
    waitpid $pid, 0;
    $said = 'help or version' if $said =~ /^mosquitto_[a-z]+ (is an? |version )/m;  # words of our own
    return "exit " . ($? >> 8) . ", stdout '$said', stderr '$complained'";
}

$SIG{PIPE} = 'IGNORE';
my $differ = 0;
for (1 .. $count) {
    my $kind = one(qw(pub sub rr));
    my @line = line($kind);
    next if is_known($kind, @line);
    my ($his, $mine) = map { answer("$_/mosquitto_$kind", @line) } $theirs, $ours;
    next if $his eq $mine;
    $differ++;
    print STDERR "mosquitto_$kind ", join(' ', map { "'$_'" } @line), "\n  theirs: $his\n  ours:   $mine\n";
}
exit($differ ? 1 : 0);
