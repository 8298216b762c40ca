
=pod

=head1 NAME

TrainerProgram - speaks to company_risk_trainer as a backend does

=head1 DESCRIPTION

The protocol is that of trainer/protocol.h.  A conversation is an object: its
answers are read with a time limit, and whatever is left of the program is killed
with it.

=cut

package TrainerProgram;

use strict;
use warnings;

use IO::Select;
use POSIX qw(:sys_wait_h);

# kinds of frames, by name
our %KIND = (
	hello => 'h', error => 'e', train => 't', verify => 'v', convert => 'c', parameter => 'p', feature => 'f',
	categories => 'n', rows => 'r', values => 'x', run => 'g', progress => 'u', margins => 'm', model => 'b',
	done => 'd');
our $MAGIC = 0x54525243;
our $VERSION_OF_PROTOCOL = 3;
our $SECONDS = 60;

# Starts the program; memory in MB, -1 without a limit.
sub start
{
	my ($class, $program, %options) = @_;
	my ($their_input, $our_output, $our_input, $their_output, $our_errors, $their_errors);

	pipe($their_input, $our_output) && pipe($our_input, $their_output)
	  && pipe($our_errors, $their_errors) or die "pipe: $!";
	my $parent = $options{parent} // $$;
	my $pid = fork() // die "fork: $!";
	if ($pid == 0)
	{
		open(STDIN, '<&', $their_input) && open(STDOUT, '>&', $their_output)
		  && open(STDERR, '>&', $their_errors) or POSIX::_exit(9);
		exec { $program } 'company_risk_trainer', $parent, $options{memory} // 2048 or POSIX::_exit(9);
	}
	close $_ foreach ($their_input, $their_output, $their_errors);
	binmode $_ foreach ($our_output, $our_input, $our_errors);
	my $self = bless {
		pid => $pid, output => $our_output, input => $our_input, errors => $our_errors, buffer => '' }, $class;
	if (!$options{silent})
	{
		$self->send('hello', pack('L2l3l', $MAGIC, $VERSION_OF_PROTOCOL, 0, 0, 0, $options{threads} // 1));
		my ($kind, $payload) = $self->receive;
		die 'no greeting' if !defined $kind || $kind ne 'h';
		(undef, undef, my @version) = unpack('L2l3', $payload);
		$self->{version} = join('.', @version);
	}
	return $self;
}

sub raw
{
	my ($self, $bytes) = @_;
	local $SIG{PIPE} = 'IGNORE';

	return syswrite($self->{output}, $bytes) // 0;
}

# All of it, while reading what comes: neither side may wait for the other.
sub send
{
	my ($self, $name, $payload) = @_;
	my $bytes = pack('LCx3', length($payload // ''), ord($KIND{$name})) . ($payload // '');
	local $SIG{PIPE} = 'IGNORE';

	while (length $bytes)
	{
		my $written = syswrite($self->{output}, $bytes, 65536);
		return 0 if !$written;
		substr($bytes, 0, $written, '');
	}
	return 1;
}

# The next frame: kind and payload; nothing at the end of the output.
sub receive
{
	my ($self) = @_;

	for (;;)
	{
		if (length $self->{buffer} >= 8)
		{
			my ($length, $kind) = unpack('LC', $self->{buffer});
			if (length $self->{buffer} >= 8 + $length)
			{
				my $payload = substr($self->{buffer}, 8, $length);
				substr($self->{buffer}, 0, 8 + $length, '');
				return (chr $kind, $payload);
			}
		}
		IO::Select->new($self->{input})->can_read($SECONDS) or die "no answer in $SECONDS s";
		my $count = sysread($self->{input}, $self->{buffer}, 1 << 20, length $self->{buffer});
		return () if !$count;
	}
}

# All frames up to the end of the task: {done}, {model}, {margins} as a list,
# {progress} as a list, {error} as [code, message, detail, hint].
sub results
{
	my ($self) = @_;
	my %result = (model => '', margins => [], progress => []);

	while (my ($kind, $payload) = $self->receive)
	{
		if ($kind eq 'e')
		{
			my ($code, $texts) = unpack('a1a*', $payload);
			$result{error} = [ $code, split(/\0/, $texts, -1) ];
			last;
		}
		if ($kind eq 'd') { $result{done} = $payload; last; }
		if ($kind eq 'b') { $result{model} .= $payload; }
		if ($kind eq 'm') { push @{ $result{margins} }, $payload; }
		if ($kind eq 'u') { push @{ $result{progress} }, $payload; }
	}
	return \%result;
}

# Closes the input and waits for the end: the exit status as in $?, and what was
# said on standard error.
sub finish
{
	my ($self) = @_;
	my $errors = '';

	close $self->{output};
	1 while sysread($self->{input}, $self->{buffer}, 65536, length $self->{buffer});
	1 while sysread($self->{errors}, $errors, 65536, length $errors);
	waitpid($self->{pid}, 0);
	delete $self->{pid};
	return ($?, $errors);
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $!);

	if ($self->{pid})
	{
		kill 'KILL', $self->{pid};
		waitpid($self->{pid}, 0);
	}
	return;
}

# ---------- a training task

# task => {rounds, stop}, parameters => [name, value, ...],
# features => [[type, name, category ...], ...], rows => [[role, label, weight, values...], ...]
sub train
{
	my ($self, %given) = @_;
	my $task = $given{task} // {};
	my @features = @{ $given{features} };
	my @parameters = @{ $given{parameters} // [] };
	my @rows = @{ $given{rows} };

	$self->send('train', pack('l4', $task->{rounds} // 5, $task->{stop} // 0, scalar @features, 0));
	while (my ($name, $value) = splice(@parameters, 0, 2))
	{
		$self->send('parameter', "$name\0$value\0");
	}
	foreach my $feature (@features)
	{
		my ($type, $name, @categories) = @$feature;

		$self->send('feature', "$type$name\0");
		$self->send('categories', join("\0", @categories) . "\0") if @categories;
	}
	while (my @block = splice(@rows, 0, 500))
	{
		$self->send('rows', rows_payload(scalar @features, @block)) or last;
	}
	$self->send('run');
	return $self->results;
}

sub rows_payload
{
	my ($features, @rows) = @_;

	return pack('L2', scalar @rows, $features) . pack('f*', map { $_->[1] } @rows)
	  . pack('f*', map { $_->[2] } @rows)
	  . pack('f*', map { @$_[ 3 .. $#$_ ] } @rows)
	  . pack('C*', map { $_->[0] } @rows);
}

# Rows that are the same wherever they are made (trainer_golden.py makes them,
# too): 5 features of which x3 is categorical with 7 codes, values that float32
# holds exactly, some missing.  The role is the third part of them 1.
sub rows
{
	my ($count, $validation) = @_;
	my $state = 42;
	my $random = sub { $state = ($state * 1103515245 + 12345) % 2147483648; return ($state >> 8) % $_[0]; };
	my @rows;

	foreach my $number (0 .. $count - 1)
	{
		my @x = map { ($random->(2001) - 1000) / 64 } 0 .. 2;
		my $code = $random->(7);
		my $y = ($random->(2001) - 1000) / 128;
		my $noise = ($random->(65) - 32) / 16;
		my $label = $x[0] * 0.5 + ($x[1] > 0 ? 4 : 0) + ($code == 2 || $code == 5 ? 6 : 0) - $y + $noise;
		my $weight = 1 + $random->(3) / 2;

		$x[ $random->(3) ] = 'NaN' if $random->(5) == 0;
		push @rows, [ $validation && $number % 3 == 2 ? 1 : 0, $label, $weight, @x, $code, $y ];
	}
	return @rows;
}

1;
