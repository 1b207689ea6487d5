using System.Diagnostics;

namespace Exai.EndToEnd.Tests.Harness;

/// <summary>A process whose output is collected until it ends.</summary>
internal sealed class BackgroundProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _output;
    private readonly Task<string> _errors;

    public BackgroundProcess(ProcessStartInfo start)
    {
        _process = Process.Start(start)!;
        _process.StandardInput.Close();
        _output = _process.StandardOutput.ReadToEndAsync();
        _errors = _process.StandardError.ReadToEndAsync();
    }

    public int Pid => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Its end and everything that it printed.</summary>
    public async Task<CommandResult> EndedAsync(TimeSpan? limit = null)
    {
        await _process.WaitForExitAsync(Patience.Token(limit));
        // A child that inherited the pipes must not keep the test waiting.
        var token = Patience.Token(limit);
        return new CommandResult(_process.ExitCode, await _output.WaitAsync(token), await _errors.WaitAsync(token));
    }

    /// <summary>As kill -9.</summary>
    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }
}
