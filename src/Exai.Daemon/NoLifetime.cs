using Microsoft.Extensions.Hosting;

namespace Exai.Daemon;

/// <summary>Keeps a web application's hands off the process: signals belong to whoever runs the daemon.</summary>
internal sealed class NoLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
