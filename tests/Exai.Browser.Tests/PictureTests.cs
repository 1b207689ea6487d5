using System.Text.RegularExpressions;
using Exai.Browser.Tests.Harness;
using Exai.EndToEnd.Tests.Harness;
using Microsoft.Playwright;

namespace Exai.Browser.Tests;

/// <summary>The pictures of the README, taken of the real thing: docs/pictures.sh writes them anew.</summary>
public sealed partial class PictureTests(Chromium chromium)
{
    private const int LargestPicture = 200 * 1024;

    [Fact]
    public async Task Dashboard_with_calls_at_work()
    {
        Chromium.SkipWithout();
        await using var scene = await Scene.CreateAsync();
        await using var page = await chromium.OpenAsync(scene.Machine, width: 1100, dark: true);
        await page.IsLiveAsync();
        await page.Tab.SetViewportSizeAsync(1100, 560);
        await Assertions.Expect(DashboardPage.Cell(page.Call("Where is the race"), "Doing")).ToHaveTextAsync("thinking");
        await Assertions.Expect(DashboardPage.Cell(page.Call("Write the migration"), "Tokens")).ToHaveTextAsync(ThreeDigits());

        var picture = Path.Combine(Pictures.OfReadme, "dashboard.png");
        await page.Tab.ScreenshotAsync(new PageScreenshotOptions { Path = picture });

        new FileInfo(picture).Length.ShouldBeInRange(5_000, LargestPicture);
    }

    [Fact]
    public async Task Top_in_a_terminal()
    {
        await using var scene = await Scene.CreateAsync();

        var top = await scene.Machine.RunAsync(["top"]);

        top.ExitCode.ShouldBe(0, top.ToString());
        top.Output.ShouldContain("claude-code");
        var svg = TerminalPicture.Draw("exai top", top.Output);
        System.Xml.Linq.XDocument.Parse(svg).Root!.Elements().Count().ShouldBeGreaterThan(3);
        svg.Length.ShouldBeLessThan(LargestPicture);
        await File.WriteAllTextAsync(Path.Combine(Pictures.OfReadme, "top.svg"), svg, TestContext.Current.CancellationToken);
    }

    [GeneratedRegex(@"^\d{3}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex ThreeDigits();
}
