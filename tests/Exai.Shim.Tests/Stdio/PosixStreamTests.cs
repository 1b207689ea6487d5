using System.Runtime.InteropServices;
using Exai.Shim.Stdio;
using Microsoft.Win32.SafeHandles;

namespace Exai.Shim.Tests.Stdio;

/// <summary>Trap 19: whoever started the shim may share its stdin and stdout, and make them non-blocking.</summary>
public sealed partial class PosixStreamTests
{
    private const int NonBlocking = 0x800;
    private const int Megabyte = 1 << 20;

    [Fact]
    public async Task Non_blocking_output_with_a_slow_reader_loses_no_byte()
    {
        var (read, write) = Pipe();
        using var reading = new SafeFileHandle(read, ownsHandle: true);
        using var writing = new SafeFileHandle(write, ownsHandle: true);
        var sent = Enumerable.Range(0, Megabyte).Select(at => (byte)(at * 7)).ToArray();

        var writer = Task.Factory.StartNew(() => new PosixStream((int)write).Write(sent), default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        var received = new byte[Megabyte];
        await Task.Factory.StartNew(() => new PosixStream((int)read).ReadExactly(received), default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await writer;

        received.ShouldBe(sent);
    }

    [Fact]
    public async Task Non_blocking_input_is_waited_for_and_ends_with_its_writer()
    {
        var (read, write) = Pipe();
        using var reading = new SafeFileHandle(read, ownsHandle: true);
        using var writing = new SafeFileHandle(write, ownsHandle: true);
        var input = new PosixStream((int)read);
        input.IsReadable().ShouldBeFalse();

        var received = new byte[10];
        var waiting = input.ReadAsync(received, CancellationToken.None).AsTask();
        waiting.IsCompleted.ShouldBeFalse();
        new PosixStream((int)write).Write("abc"u8);
        (await waiting).ShouldBe(3);
        writing.Dispose();
        (await input.ReadAsync(received, CancellationToken.None)).ShouldBe(0);
    }

    [Fact]
    public void Output_that_nobody_reads_any_more_fails()
    {
        var (read, write) = Pipe();
        using var writing = new SafeFileHandle(write, ownsHandle: true);
        new SafeFileHandle(read, ownsHandle: true).Dispose();
        Should.Throw<IOException>(() => new PosixStream((int)write).Write("abc"u8));
    }

    private static unsafe (nint Read, nint Write) Pipe()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "pipe2 and its flags are Linux's");
        var ends = stackalloc int[2];
        MakePipe(ends, NonBlocking).ShouldBe(0);
        return (ends[0], ends[1]);
    }

    [LibraryImport("libc", EntryPoint = "pipe2")]
    private static unsafe partial int MakePipe(int* ends, int flags);
}
