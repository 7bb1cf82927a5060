# Signs and verifies OAuth 1.0 requests with Net::OAuth, for the cross-check of
# the package oauth: jobs come in as lines of JSON, answers go out as such.
use strict;
use warnings;
use Encode qw(decode encode FB_CROAK);
use JSON::PP;
use Net::OAuth;
use URI;
use URI::QueryParam;

$Net::OAuth::PROTOCOL_VERSION = Net::OAuth::PROTOCOL_VERSION_1_0A;
my $json = JSON::PP->new->utf8->canonical;

# text decodes what was percent-decoded to bytes, which Net::OAuth asks of its
# user ("need to be decoded via Encode.pm").
sub text { decode('UTF-8', my $bytes = shift, FB_CROAK) }

# address splits off the query where it has other than ASCII characters, so that
# they can be handed over decoded.
sub address {
    my $url = URI->new(shift);
    my %extra;
    if (($url->query // '') =~ /%[89a-f]/i) {
        $extra{text($_)} = text($url->query_param($_)) for $url->query_param;
        $url->query(undef);
    }
    return ($url, \%extra);
}

# in_query appends the protocol's parameters to the address of the job.
sub in_query {
    my ($job, $request) = @_;
    my $params = $request->to_hash;
    my $url = $job->{url};
    my $sep = $url =~ /\?/ ? '&' : '?';
    for my $k (sort grep { /^oauth_/ } keys %$params) {
        $url .= $sep . Net::OAuth::Message::encode($k) . '=' . Net::OAuth::Message::encode($params->{$k});
        $sep = '&';
    }
    return $url;
}

sub sign {
    my $job = shift;
    my ($url, $extra) = address($job->{url});
    my $request = Net::OAuth->request('consumer')->new(
        consumer_key => $job->{key}, consumer_secret => $job->{secret},
        nonce => $job->{nonce}, timestamp => $job->{timestamp},
        signature_method => 'HMAC-SHA1', request_method => $job->{method},
        request_url => $url, extra_params => $extra,
    );
    $request->sign;
    my $answer = { base => $request->signature_base_string };
    if ($job->{place} eq 'query') {
        $answer->{url} = in_query($job, $request);
    } else {
        $answer->{url} = $job->{url};
        $answer->{header} = $request->to_authorization_header($job->{realm} eq '' ? undef : $job->{realm}, ', ');
    }
    return $answer;
}

sub verify {
    my $job = shift;
    my ($url, $extra) = address($job->{url});
    my %given = (
        consumer_secret => $job->{secret}, request_method => $job->{method},
    );
    my $class = Net::OAuth->request('consumer');
    my $request;
    if ($job->{place} eq 'query') {
        # The protocol's own parameters are told apart by from_hash.
        my %params = map { text($_) => text(scalar URI->new($job->{url})->query_param($_)) } URI->new($job->{url})->query_param;
        $url = URI->new($job->{url});
        $url->query(undef);
        $request = $class->from_hash(\%params, %given, request_url => $url);
    } else {
        $request = $class->from_authorization_header($job->{header}, %given, request_url => $url, extra_params => $extra);
    }
    return { valid => $request->verify ? JSON::PP::true : JSON::PP::false, base => $request->signature_base_string };
}

local $SIG{__WARN__} = sub { die @_ };
while (my $line = <STDIN>) {
    my $job = $json->decode($line);
    my $answer = eval { $job->{do} eq 'sign' ? sign($job) : verify($job) };
    $answer = { error => "$@" } unless $answer;
    print $json->encode($answer), "\n";
}
