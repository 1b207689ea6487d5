using Exai.Settings;
using Exai.Shim.Link;

namespace Exai.Shim.Tests.Link;

/// <summary>The link that a waiting shim plays with itself, over real sockets.</summary>
public sealed class LinkRehearsalTests : IDisposable
{
    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("exai-rehearsal-");

    public void Dispose() => _home.Delete(recursive: true);

    [Fact]
    public async Task Rehearsal_becomes_ready_ends_politely_and_leaves_no_trace()
    {
        for (var time = 1; time <= 3; time++)
        {
            (await LinkRehearsal.RunAsync(Settings(), TimeProvider.System, TestContext.Current.CancellationToken)).ShouldBeTrue();
        }

        _home.EnumerateFileSystemInfos().ShouldBeEmpty();
    }

    [Fact]
    public async Task Rehearsal_of_a_shim_that_leaves_ends_without_an_error()
    {
        using var leave = new CancellationTokenSource();
        var playing = LinkRehearsal.RunAsync(Settings(), TimeProvider.System, leave.Token);
        leave.Cancel();
        (await playing.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken)).ShouldBeFalse();
    }

    [Theory]
    [InlineData("EXAI_WS_ENDPOINTS", "wss://far.example:8079")]
    [InlineData("EXAI_WS_HOST", "far.example")]
    public async Task Rehearsal_stays_on_this_machine_whatever_the_settings_of_the_link_say(string name, string value) =>
        (await LinkRehearsal.RunAsync(Settings(name, value), TimeProvider.System, TestContext.Current.CancellationToken)).ShouldBeTrue();

    private ExaiSettings Settings(string name = "LOG_LEVEL", string value = "INFO") =>
        SettingsLoader.Load(new SettingsSources
        {
            Environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["EXAI_HOME"] = _home.FullName, [name] = value },
        }).Settings;
}
