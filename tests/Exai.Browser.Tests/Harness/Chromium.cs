using Exai.EndToEnd.Tests.Harness;
using Microsoft.Playwright;

namespace Exai.Browser.Tests.Harness;

/// <summary>The machine's own Chromium, headless: one process for all tests, a profile of its own for each page.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _driver;
    private IBrowser? _browser;

    private static string? Program { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => (string[])[Path.Combine(folder, "chromium"), Path.Combine(folder, "chromium-browser")]).FirstOrDefault(File.Exists);

    public async ValueTask InitializeAsync()
    {
        if (Program is null)
        {
            return;
        }

        Assertions.SetDefaultExpectTimeout((float)Patience.Limit.TotalMilliseconds);
        _driver = await Playwright.CreateAsync();
        // Tests may run as root, where Chromium's own sandbox does not; it sees nothing but this program's page.
        _browser = await _driver.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Program, Args = ["--no-sandbox"] });
    }

    /// <summary>The dashboard of the machine's daemon, signed in with a link of <c>exai dashboard</c>. Skips the test without a Chromium.</summary>
    /// <param name="dark">What the user's system prefers.</param>
    internal async Task<DashboardPage> OpenAsync(ExaiHomeFixture machine, int width = 1280, bool dark = false)
    {
        SkipWithout();
        var profile = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = 844 },
            ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light,
            Locale = "en-GB",
            TimezoneId = "UTC",
        });
        profile.SetDefaultTimeout((float)Patience.Limit.TotalMilliseconds);
        var page = new DashboardPage(await profile.NewPageAsync());
        var link = await machine.RunAsync(["dashboard", "--print"]);
        link.ExitCode.ShouldBe(0, link.ToString());
        await page.Tab.GotoAsync(link.FirstLine);
        return page;
    }

    /// <summary>Every process of the browser: that of the tabs, of the network, and the browser itself.</summary>
    internal async Task<List<int>> ProcessesAsync()
    {
        var session = await _browser!.NewBrowserCDPSessionAsync();
        var answer = await session.SendAsync("SystemInfo.getProcessInfo");
        await session.DetachAsync();
        return [.. answer!.Value.GetProperty("processInfo").EnumerateArray().Select(process => process.GetProperty("id").GetInt32())];
    }

    /// <summary>Called before anything expensive is started.</summary>
    internal static void SkipWithout() => Assert.SkipWhen(Program is null, "Chromium is not installed (Debian: apt install chromium)");

    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _driver?.Dispose();
    }
}
